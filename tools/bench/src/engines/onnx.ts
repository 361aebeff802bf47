import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import type { CaseName } from "../cases.js";
import { cases } from "../cases.js";
import type { Case } from "../protocol.js";
import { serve } from "../protocol.js";

/** The part that both runtimes share. */
interface OnnxRuntime {
  readonly InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  readonly Tensor: TensorConstructor;
  readonly env: { readonly wasm: { numThreads?: number } };
}

/** `onnxruntime-web` or `onnxruntime-node`, from the folder of peers. */
const library = process.env["BENCH_LIBRARY"] ?? "";
const ort = createRequire(new URL("../../peers/package.json", import.meta.url))(library) as OnnxRuntime;
const native = library === "onnxruntime-node";
const threads = Number(process.env["BENCH_THREADS"] ?? 1);
if (!native) ort.env.wasm.numThreads = threads;

interface Input {
  readonly name: string;
  readonly type: "float32" | "int64";
  readonly shape: readonly number[];
}

/** PyTorch writes the model, so that it is the one that the other engines run. */
function exported(name: CaseName): { model: Uint8Array; inputs: readonly Input[] } {
  const folder = mkdtempSync(join(tmpdir(), "gradus-bench-"));
  try {
    const file = join(folder, "model.onnx");
    const script = fileURLToPath(new URL("../../src/engines/torch_to_onnx.py", import.meta.url));
    const printed = execFileSync(process.env["PYTHON"] ?? "/usr/bin/python3", [script, name, file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return { model: readFileSync(file), inputs: JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Input[] };
  } catch (error) {
    const complaint = (error as { readonly stderr?: string }).stderr?.trim().split("\n").at(-1);
    throw new Error(complaint ?? String(error), { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function filled({ type, shape }: Input): Tensor {
  const length = shape.reduce((a, b) => a * b, 1);
  return type === "int64"
    ? new ort.Tensor("int64", BigInt64Array.from({ length }, (_, i) => BigInt(i % 65)), shape)
    : new ort.Tensor("float32", Float32Array.from({ length }, () => Math.random() - 0.5), shape);
}

const inference = (name: CaseName): Case => async () => {
  const { model, inputs } = exported(name);
  const session = await ort.InferenceSession.create(model, { executionProviders: [native ? "cpu" : "wasm"], intraOpNumThreads: threads, interOpNumThreads: 1 });
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, filled(input)]));
  return () => session.run(feeds);
};

await serve(Object.fromEntries((Object.keys(cases) as CaseName[]).map((name) => [name, inference(name)])));
