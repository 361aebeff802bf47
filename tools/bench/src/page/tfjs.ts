import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import * as tf from "@tensorflow/tfjs-core";
import { lenetWith, mlpWith } from "../engines/tfjs-models.js";
import type { Case } from "../protocol.js";
import { serveOnPage } from "./serve-on-page.js";

await tf.setBackend("webgpu");
await tf.ready();
const backend = tf.backend();
if (!(backend instanceof WebGPUBackend)) throw new Error("tfjs found no WebGPU");

const read = async (loss: tf.Scalar): Promise<void> => {
  await loss.data();
  loss.dispose();
};
const product = (n: number): Case => () => {
  const [a, b] = [tf.randomNormal<tf.Rank.R2>([n, n]), tf.randomNormal<tf.Rank.R2>([n, n])];
  return async () => {
    const c = tf.matMul(a, b);
    backend.endComputePassEncoder();
    backend.submitQueue();
    await backend.device.queue.onSubmittedWorkDone();
    c.dispose();
  };
};

serveOnPage({ "matmul 512": product(512), "matmul 1024": product(1024), "step a (MLP)": mlpWith(read)(tf.train.sgd(0.01)), "step b (LeNet)": lenetWith(read) });
