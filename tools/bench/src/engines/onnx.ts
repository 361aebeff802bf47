import { createRequire } from "node:module";
import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-common";
import type { CaseName } from "../cases.js";
import { cases } from "../cases.js";
import type { Case } from "../protocol.js";
import { serve } from "../serve.js";
import type { Input } from "./onnx-export.js";
import { exported } from "./onnx-export.js";

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

function filled({ type, shape }: Input): Tensor {
  const length = shape.reduce((a, b) => a * b, 1);
  return type === "int64"
    ? new ort.Tensor("int64", BigInt64Array.from({ length }, (_, i) => BigInt(i % 65)), shape)
    : new ort.Tensor("float32", Float32Array.from({ length }, () => Math.random() - 0.5), shape);
}

const inference = (name: CaseName): Case => async () => {
  const { model, inputs } = exported(name, new URL("../../src/engines/torch_to_onnx.py", import.meta.url));
  const session = await ort.InferenceSession.create(model, { executionProviders: [native ? "cpu" : "wasm"], intraOpNumThreads: threads, interOpNumThreads: 1 });
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, filled(input)]));
  return () => session.run(feeds);
};

await serve(Object.fromEntries((Object.keys(cases) as CaseName[]).map((name) => [name, inference(name)])));
