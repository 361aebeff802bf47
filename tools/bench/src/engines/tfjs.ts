import { createRequire } from "node:module";
import { dirname } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import type { Case, Cases, Run } from "../protocol.js";
import { serve } from "../serve.js";
import { startUp } from "../start-up.js";
import { dense, lenetWith, mlpWith, oneHot, trainingWith, variable } from "./tfjs-models.js";

const { resolve } = createRequire(import.meta.url);
setWasmPaths(`${dirname(resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/dist/`);
// It greets on the console; the console is the protocol's.
tf.env().set("PROD", true);
await tf.setBackend(process.env["BENCH_BACKEND"] ?? "wasm");
await tf.ready();

/** An op has run when it returns, and what it made is freed at the end. */
const tidy = (run: () => unknown): Run => () => {
  tf.tidy(() => void run());
};

const read = (loss: tf.Scalar): number | undefined => {
  const [number] = loss.dataSync();
  loss.dispose();
  return number;
};
const training = trainingWith(read);
const mlp = mlpWith(read);

const product = (m: number, k: number, n: number): Case => () => {
  const [a, b] = [tf.randomNormal([m, k]), tf.randomNormal([k, n])];
  return tidy(() => tf.matMul(a, b));
};
const ofMillion = (f: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor): Case => () => {
  const [x, y] = [tf.randomNormal([1e6]), tf.randomNormal([1e6])];
  return tidy(() => f(x, y));
};

const tiny = (optimizer: tf.Optimizer): Case => () => {
  const [x, y] = [tf.randomNormal([50, 2]), tf.round(tf.randomUniform([50, 1]))];
  const p = [variable(2, 10), variable(10), variable(10, 10), variable(10), variable(10, 1), variable(1)] as const;
  return training(() => tf.losses.meanSquaredError(y, dense(tf.relu(dense(tf.relu(dense(x, p[0], p[1])), p[2], p[3])), p[4], p[5])), [...p], optimizer);
};
const convolution = (inputs: number, outputs: number, size: number, image: number, batch: number, padding: "same" | "valid", backward: boolean): Case => () => {
  const [x, kernel] = [tf.randomNormal<tf.Rank.R4>([batch, image, image, inputs]), tf.randomNormal<tf.Rank.R4>([size, size, inputs, outputs])];
  const forward = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, padding);
  const gradients = tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(forward(a, b)));
  return tidy(() => (backward ? gradients([x, kernel]) : forward(x, kernel)));
};

const normalised = (x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor): tf.Tensor => {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), scale), offset);
};
const gelu = (x: tf.Tensor): tf.Tensor => tf.mul(tf.mul(x, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2)))), 0.5);

/** The parameters of the GPT, and its logits for tokens `[batch, 64]`. */
function gpt(): { parameters: tf.Variable[]; logits: (tokens: tf.Tensor2D) => tf.Tensor } {
  const [tok, pos, head] = [variable(65, 128), variable(64, 128), variable(128, 65)];
  const norm = (): readonly [tf.Variable, tf.Variable] => [variable(128), variable(128)];
  const linear = (inputs: number, outputs: number): readonly [tf.Variable, tf.Variable] => [variable(inputs, outputs), variable(outputs)];
  const blocks = Array.from({ length: 4 }, () => ({ ln1: norm(), qkv: linear(128, 384), proj: linear(128, 128), ln2: norm(), fc: linear(128, 512), out: linear(512, 128) }));
  const last = norm();
  const mask = tf.tensor2d(Array.from({ length: 4096 }, (_, i) => (i % 64 > Math.floor(i / 64) ? -1e9 : 0)), [64, 64]);
  const logits = (tokens: tf.Tensor2D): tf.Tensor => {
    const [batch] = tokens.shape;
    const rows = [batch * 64, 128];
    let x: tf.Tensor = tf.reshape(tf.add(tf.reshape(tf.gather(tok, tf.reshape(tokens, [batch * 64])), [batch, 64, 128]), pos), rows);
    for (const { ln1, qkv, proj, ln2, fc, out } of blocks) {
      const heads = tf.transpose(tf.reshape(dense(normalised(x, ...ln1), ...qkv), [batch, 64, 3, 4, 32]), [2, 0, 3, 1, 4]);
      const [q, k, v] = tf.unstack(tf.reshape(heads, [3, batch * 4, 64, 32])) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
      const weights = tf.softmax(tf.add(tf.mul(tf.matMul(q, k, false, true), 32 ** -0.5), mask));
      const attended = tf.reshape(tf.transpose(tf.reshape(tf.matMul(weights as tf.Tensor3D, v), [batch, 4, 64, 32]), [0, 2, 1, 3]), rows);
      x = tf.add(x, dense(attended, ...proj));
      x = tf.add(x, dense(gelu(dense(normalised(x, ...ln2), ...fc)), ...out));
    }
    return tf.matMul(normalised(x, ...last), head);
  };
  return { parameters: [tok, pos, head, ...blocks.flatMap((block) => Object.values(block).flat()), ...last], logits };
}
const tokens = (batch: number): tf.Tensor2D => tf.tensor2d(Array.from({ length: batch * 64 }, (_, i) => (i * 7) % 65), [batch, 64], "int32");

const tfjs: Cases = {
  "matmul 512": product(512, 512, 512),
  "matmul 1024": product(1024, 1024, 1024),
  "matmul 512 TN": () => {
    const [a, b] = [tf.randomNormal([512, 512]), tf.randomNormal([512, 512])];
    return tidy(() => tf.matMul(a, b, true, false));
  },
  "matmul 512 NT": () => {
    const [a, b] = [tf.randomNormal([512, 512]), tf.randomNormal([512, 512])];
    return tidy(() => tf.matMul(a, b, false, true));
  },
  "matmul 64": product(64, 64, 64),
  "matmul 64x784x256": product(64, 784, 256),
  "matmul 16x192x512": product(16, 192, 512),
  "matmul 512x128x384": product(512, 128, 384),
  "add 1e6": ofMillion((x, y) => tf.add(x, y)),
  "relu 1e6": ofMillion((x) => tf.relu(x)),
  "sigmoid 1e6": ofMillion((x) => tf.sigmoid(x)),
  "gelu 1e6": ofMillion(gelu),
  "transpose 1024": () => {
    const x = tf.randomNormal([1024, 1024]);
    return tidy(() => tf.transpose(x));
  },
  "exp 1e6": ofMillion((x) => tf.exp(x)),
  "tanh 1e6": ofMillion((x) => tf.tanh(x)),
  "sum 1e6": ofMillion((x) => tf.sum(x)),
  "softmax 1024": () => {
    const x = tf.randomNormal([1024, 1024]);
    return tidy(() => tf.softmax(x));
  },
  "layer norm 1024": () => {
    const [x, scale, offset] = [tf.randomNormal([1024, 1024]), tf.ones([1024]), tf.zeros([1024])];
    return tidy(() => normalised(x, scale, offset));
  },
  "convolution 1-6 forward": convolution(1, 6, 5, 28, 64, "valid", false),
  "convolution 1-6": convolution(1, 6, 5, 28, 64, "valid", true),
  "convolution 32-64 forward": convolution(32, 64, 3, 32, 32, "same", false),
  "convolution 32-64": convolution(32, 64, 3, 32, 32, "same", true),
  "fused chain 1e6": ofMillion((a, b) => tf.relu(tf.add(tf.mul(a, b), a))),
  "add 4": () => {
    const [a, b] = [tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([1, 2, 3, 4])];
    return tidy(() => tf.add(a, b));
  },
  "add 4 with grad": () => {
    throw new Error("records gradients only inside tf.grad, not per operation");
  },
  "step a (MLP)": mlp(tf.train.sgd(0.01)),
  "step a (MLP), Adam": mlp(tf.train.adam(1e-3)),
  "step b (LeNet)": lenetWith(read),
  "step c (LSTM)": () => {
    const [steps, y] = [tf.unstack(tf.randomNormal([16, 32, 64]), 1) as tf.Tensor2D[], oneHot(16)];
    const p = [variable(192, 512), variable(512), variable(128, 10), variable(10)] as const;
    return training(() => {
      let [c, h] = [tf.zeros<tf.Rank.R2>([16, 128]), tf.zeros<tf.Rank.R2>([16, 128])];
      for (const x of steps) [c, h] = tf.basicLSTMCell(0, p[0] as tf.Tensor2D, p[1] as tf.Tensor1D, x, c, h);
      return tf.losses.softmaxCrossEntropy(y, dense(h, p[2], p[3]));
    }, [...p], tf.train.sgd(0.01));
  },
  "step d (GPT)": () => {
    const { parameters, logits } = gpt();
    const [x, y] = [tokens(8), tf.cast(tf.oneHot(tf.reshape(tokens(8), [512]), 65), "float32")];
    // It has no decay of weights apart from the gradient.
    return training(() => tf.losses.softmaxCrossEntropy(y, logits(x)), parameters, tf.train.adam(1e-3));
  },
  "step e (tiny)": tiny(tf.train.sgd(0.1)),
  "step e (tiny), Adam": tiny(tf.train.adam(1e-3)),
  "GPT forward": () => {
    const { logits } = gpt();
    const x = tokens(1);
    return tidy(() => logits(x).dataSync());
  },
};

await serve({ ...tfjs, ...startUp("tfjs") });
