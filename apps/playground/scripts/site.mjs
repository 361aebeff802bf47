// The built page on a server that knows nothing but files, below a folder as on GitHub Pages.

import { createReadStream, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = "/some/folder/";
/** The same files with the headers that let a page share memory, and with it run on threads. */
const ISOLATED = "/isolated/folder/";
const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** @type {Readonly<Record<string, string>>} */
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/**
 * Builds the page into a folder of its own and serves it.
 *
 * @returns {Promise<{ readonly url: string, readonly isolatedUrl: string, readonly directory: string, close(): Promise<void> }>}
 */
export async function openSite() {
  const directory = mkdtempSync(join(tmpdir(), "gradus-playground-"));
  await build({ root, configFile: join(root, "vite.config.ts"), logLevel: "error", build: { outDir: directory, emptyOutDir: true } });
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const folder = [FOLDER, ISOLATED].find((each) => pathname.startsWith(each));
    const path = normalize(folder === undefined ? "no such file" : pathname.slice(folder.length));
    const file = join(directory, path === "." ? "index.html" : path);
    if (path.startsWith("..") || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream", ...(folder === ISOLATED ? isolation : {}) });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("internal: a server without a port");
  return {
    url: `http://127.0.0.1:${address.port}${FOLDER}`,
    isolatedUrl: `http://127.0.0.1:${address.port}${ISOLATED}`,
    directory,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true });
    },
  };
}

/**
 * How to start a Chromium whose WebGPU runs in software, or one without WebGPU.
 *
 * @param {string | undefined} executablePath
 * @param {{ readonly webgpu?: boolean }} [options]
 */
export function launchOptions(executablePath, { webgpu = true } = {}) {
  const gpu = webgpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : ["--disable-features=WebGPU,WebGPUService"];
  const quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  return { ...(executablePath === undefined ? {} : { executablePath }), args: ["--no-sandbox", ...quiet, ...gpu] };
}
