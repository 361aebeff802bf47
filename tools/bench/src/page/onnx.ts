import type { Env, InferenceSession, TensorConstructor, TensorFactory } from "onnxruntime-common";
import type { CaseName } from "../cases.js";
import type { Case } from "../protocol.js";
import { serveOnPage } from "./serve-on-page.js";

/** The part of onnxruntime-web that is used here; the server has it from the folder of peers. */
interface OnnxRuntime {
  readonly InferenceSession: { create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> };
  readonly Tensor: TensorConstructor & TensorFactory;
  readonly env: Env;
}
const folder = "/onnxruntime-web/";
const ort = (await import(`${location.origin}${folder}ort.webgpu.min.mjs`)) as OnnxRuntime;
ort.env.wasm.wasmPaths = `${location.origin}${folder}`;
ort.env.wasm.numThreads = 1;

/** It runs models and does not train them. */
const product = (name: CaseName, n: number): Case => async () => {
  const model = new Uint8Array(await (await fetch(`/models/${name}`)).arrayBuffer());
  const session = await ort.InferenceSession.create(model, { executionProviders: ["webgpu"], preferredOutputLocation: "gpu-buffer" });
  const device = await ort.env.webgpu.device;
  const feeds = Object.fromEntries(session.inputNames.map((input) => {
    const values = Float32Array.from({ length: n * n }, () => Math.random() - 0.5);
    const buffer = device.createBuffer({ size: values.byteLength, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(buffer, 0, values);
    return [input, ort.Tensor.fromGpuBuffer(buffer, { dataType: "float32", dims: [n, n] })];
  }));
  return async () => {
    const results = await session.run(feeds);
    await device.queue.onSubmittedWorkDone();
    for (const result of Object.values(results)) result.dispose();
  };
};

serveOnPage({ "matmul 512": product("matmul 512", 512), "matmul 1024": product("matmul 1024", 1024) }, { unable: "runs models and does not train them" });
