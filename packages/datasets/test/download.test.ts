import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cachedFile, type RemoteFile } from "../src/download.js";
import { DataFileError } from "../src/index.js";
import { Md5 } from "../src/md5.js";
import { fileCache } from "../src/node.js";

const content = new Uint8Array(randomBytes(300_000));
const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

let server: Server;
let directory: string;
let requests: (string | undefined)[];
/** What the server does with a request, given the byte that is asked for. */
let answer: (from: number, response: ServerResponse, request: IncomingMessage) => void;

/** The file from a byte on. */
function send(from: number, response: ServerResponse, length = content.length - from): void {
  response.writeHead(from > 0 ? 206 : 200, { "content-length": content.length - from, ...(from > 0 && { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` }) });
  response.write(content.subarray(from, from + length));
  if (length === content.length - from) response.end();
  // What was sent should arrive before the connection breaks.
  else setTimeout(() => response.destroy(), 50);
}

const remote = (path = "/file"): RemoteFile => ({ name: "file.bin", urls: [`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`], md5: md5(content) });

beforeEach(async () => {
  requests = [];
  answer = (from, response) => { send(from, response); };
  server = createServer((request, response) => {
    requests.push(request.headers.range);
    answer(Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0), response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  directory = await mkdtemp(join(tmpdir(), "gradus-cache-"));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true });
});

describe("a download", () => {
  it("gets into the cache once, and says how far it is", async () => {
    const progress: (number | null)[][] = [];
    const cache = fileCache(directory);
    const bytes = await cachedFile(remote(), cache, { onProgress: ({ received, total }) => progress.push([received, total]) });
    expect(md5(bytes)).toBe(md5(content));
    expect(progress.at(-1)).toEqual([content.length, content.length]);
    expect(progress.map(([received]) => received)).toEqual(progress.map(([received]) => received).sort((a, b) => a! - b!));
    expect(md5(await cachedFile(remote(), cache))).toBe(md5(content));
    expect([requests, await readdir(directory)]).toEqual([[undefined], ["file.bin"]]);
  });

  it("goes on where the connection broke, and where another run was left", async () => {
    answer = (from, response) => { send(from, response, Math.min(100_000, content.length - from)); };
    const bytes = await cachedFile(remote(), fileCache(directory));
    expect(md5(bytes)).toBe(md5(content));
    expect(requests).toEqual([undefined, "bytes=100000-", "bytes=200000-"]);
    await rm(join(directory, "file.bin"));
    await writeFile(join(directory, "file.bin.part"), content.subarray(0, 123_456));
    answer = (from, response) => { send(from, response); };
    await cachedFile(remote(), fileCache(directory));
    expect(requests.at(-1)).toBe("bytes=123456-");
    // All was received, and only the name was missing.
    await rm(join(directory, "file.bin"));
    await writeFile(join(directory, "file.bin.part"), content);
    answer = (_, response) => { response.writeHead(416).end(); };
    expect(md5(await cachedFile(remote(), fileCache(directory)))).toBe(md5(content));
  });

  it("begins again where the server cannot go on", async () => {
    await writeFile(join(directory, "file.bin.part"), content.subarray(0, 1000));
    answer = (_, response) => { send(0, response); };
    expect(md5(await cachedFile(remote(), fileCache(directory)))).toBe(md5(content));
  });

  it("never leaves a wrong or partial file under its name", async () => {
    answer = (_, response) => { response.writeHead(200).end("something else"); };
    await expect(cachedFile(remote(), fileCache(directory))).rejects.toThrow(`gave a file with the MD5 ${md5(Buffer.from("something else"))}, expected ${md5(content)}`);
    expect(await readdir(directory)).toEqual([]);
    answer = (from, response) => { send(from, response, 10); };
    await expect(cachedFile(remote(), fileCache(directory))).rejects.toThrow(DataFileError);
    expect(await readdir(directory)).toEqual(["file.bin.part"]);
    expect((await readFile(join(directory, "file.bin.part"))).length).toBe(30);
  });

  it("stops when it is told to, and keeps what it has", async () => {
    const controller = new AbortController();
    answer = (from, response) => {
      response.writeHead(200, { "content-length": content.length });
      response.write(content.subarray(from, 50_000));
    };
    const onProgress = ({ received }: { received: number }): void => { if (received === 50_000) controller.abort(); };
    await expect(cachedFile(remote(), fileCache(directory), { signal: controller.signal, onProgress })).rejects.toThrow("aborted");
    expect((await readFile(join(directory, "file.bin.part"))).length).toBe(50_000);
  });

  it("tries the next address, and names the last reason", async () => {
    answer = (_, response, { url }) => {
      if (url === "/missing") response.writeHead(404).end();
      else send(0, response);
    };
    const both = { ...remote(), urls: [...remote("/missing").urls, ...remote().urls] };
    expect(md5(await cachedFile(both, fileCache(directory)))).toBe(md5(content));
    const error: unknown = await cachedFile({ ...remote("/missing"), name: "other" }, fileCache(directory)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataFileError);
    expect((error as Error).message).toMatch(/^other: expected to download it from http:\S+\/missing, got: http:\S+ answered 404 Not Found; /);
  });
});

it("MD5 is that of everyone", () => {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 300_000]) {
    const bytes = content.subarray(0, length);
    expect(new Md5().update(bytes.subarray(0, length / 3)).update(bytes.subarray(length / 3)).hex()).toBe(md5(bytes));
  }
});
