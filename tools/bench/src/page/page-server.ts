import { readFileSync } from "node:fs";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { CaseName } from "../cases.js";
import { exported } from "../engines/onnx-export.js";

// As seen from the built file.
const at = (path: string): URL => new URL(path, import.meta.url);

/** What the pages load, by the beginning of its path. */
const routes: Readonly<Record<string, (rest: string) => Uint8Array | string>> = {
  "/engines/": (file) => readFileSync(at(`./page/${file}`)),
  "/onnxruntime-web/": (file) => readFileSync(at(`../peers/node_modules/onnxruntime-web/dist/${file}`)),
  "/models/": (name) => exported(name as CaseName, at("../src/engines/torch_to_onnx.py")).model,
  "/": () => "<!doctype html><title>bench</title>",
};
const types: Readonly<Record<string, string>> = { js: "text/javascript", mjs: "text/javascript", wasm: "application/wasm" };

/** Serves the pages of the engines on this machine alone. */
export async function servePages(): Promise<{ readonly origin: string; readonly server: Server }> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const route = Object.keys(routes).find((prefix) => path.startsWith(prefix))!;
    try {
      const body = routes[route]!(path.slice(route.length));
      // Clocks are fine and memory can be shared on pages that isolate themselves.
      const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
      response.writeHead(200, { ...isolation, "content-type": types[path.split(".").at(-1) ?? ""] ?? "text/html" }).end(body);
    } catch (error) {
      response.writeHead(404).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
