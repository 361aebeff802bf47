import { createRequire } from "node:module";
import { dirname } from "node:path";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import type { CaseName } from "../cases.js";
import type { Case, Run } from "../protocol.js";
import { serve } from "../protocol.js";

const { resolve } = createRequire(import.meta.url);
setWasmPaths(`${dirname(resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/dist/`);
// It greets on the console; the console is the protocol's.
tf.env().set("PROD", true);
await tf.setBackend("wasm");
await tf.ready();

const variable = (...shape: number[]): tf.Variable => tf.variable(tf.randomNormal(shape, 0, 0.1));
const oneHot = (count: number): tf.Tensor => tf.cast(tf.oneHot(tf.tensor1d(Array.from({ length: count }, (_, i) => i % 10), "int32"), 10), "float32");
const tidy = (run: () => unknown): Run => () => {
  tf.tidy(() => void run());
};

function training(loss: () => tf.Scalar, parameters: tf.Variable[], lr: number): Run {
  const optimizer = tf.train.sgd(lr);
  return () => {
    const value = optimizer.minimize(loss, true, parameters);
    const number = value?.dataSync()[0];
    value?.dispose();
    return number;
  };
}

const dense = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor => tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias);

const product = (m: number, k: number, n: number): Case => () => {
  const [a, b] = [tf.randomNormal([m, k]), tf.randomNormal([k, n])];
  return tidy(() => tf.matMul(a, b).dataSync());
};
const ofMillion = (f: (x: tf.Tensor) => tf.Tensor): Case => () => {
  const x = tf.randomNormal([1e6]);
  return tidy(() => f(x));
};

const tfjs: Record<CaseName, Case> = {
  "matmul 512": () => {
    const [a, b] = [tf.randomNormal([512, 512]), tf.randomNormal([512, 512])];
    return tidy(() => tf.matMul(a, b).dataSync());
  },
  "matmul 512 TN": () => {
    const [a, b] = [tf.randomNormal([512, 512]), tf.randomNormal([512, 512])];
    return tidy(() => tf.matMul(a, b, true, false).dataSync());
  },
  "matmul 512 NT": () => {
    const [a, b] = [tf.randomNormal([512, 512]), tf.randomNormal([512, 512])];
    return tidy(() => tf.matMul(a, b, false, true).dataSync());
  },
  "matmul 64": product(64, 64, 64),
  "matmul 64x784x256": product(64, 784, 256),
  "matmul 16x192x512": product(16, 192, 512),
  "matmul 512x128x384": product(512, 128, 384),
  "exp 1e6": ofMillion((x) => tf.exp(x)),
  "tanh 1e6": ofMillion((x) => tf.tanh(x)),
  "sum 1e6": ofMillion((x) => tf.sum(x)),
  "softmax 1024": () => {
    const x = tf.randomNormal([1024, 1024]);
    return tidy(() => tf.softmax(x));
  },
  "layer norm 1024": () => {
    const [x, scale, offset] = [tf.randomNormal([1024, 1024]), tf.ones([1024]), tf.zeros([1024])];
    return tidy(() => {
      const { mean, variance } = tf.moments(x, 1, true);
      return tf.add(tf.mul(tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-5))), scale), offset);
    });
  },
  "convolution 32-64": () => {
    const [x, kernel] = [tf.randomNormal<tf.Rank.R4>([32, 32, 32, 32]), tf.randomNormal<tf.Rank.R4>([3, 3, 32, 64])];
    const gradients = tf.grads((a: tf.Tensor, b: tf.Tensor) => tf.sum(tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, 1, "same")));
    return tidy(() => gradients([x, kernel]));
  },
  "fused chain 1e6": () => {
    const [a, b] = [tf.randomNormal([1e6]), tf.randomNormal([1e6])];
    return tidy(() => tf.relu(tf.add(tf.mul(a, b), a)));
  },
  "add 4": () => {
    const [a, b] = [tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([1, 2, 3, 4])];
    return tidy(() => tf.add(a, b));
  },
  "add 4 with grad": () => {
    throw new Error("records gradients only inside tf.grad, not per operation");
  },
  "step a (MLP)": () => {
    const [x, y] = [tf.randomNormal([64, 784]), oneHot(64)];
    const p = [variable(784, 256), variable(256), variable(256, 128), variable(128), variable(128, 10), variable(10)] as const;
    return training(() => tf.losses.softmaxCrossEntropy(y, dense(tf.relu(dense(tf.relu(dense(x, p[0], p[1])), p[2], p[3])), p[4], p[5])), [...p], 0.01);
  },
  "step b (LeNet)": () => {
    const [x, y] = [tf.randomNormal<tf.Rank.R4>([64, 28, 28, 1]), oneHot(64)];
    const p = [variable(5, 5, 1, 6), variable(6), variable(5, 5, 6, 16), variable(16), variable(400, 120), variable(120), variable(120, 84), variable(84), variable(84, 10), variable(10)] as const;
    const block = (h: tf.Tensor4D, kernel: tf.Variable, bias: tf.Variable, padding: "same" | "valid"): tf.Tensor4D =>
      tf.maxPool(tf.relu<tf.Tensor4D>(tf.add<tf.Tensor4D>(tf.conv2d(h, kernel as tf.Tensor4D, 1, padding), bias)), 2, 2, "valid");
    return training(() => {
      const h = tf.reshape(block(block(x, p[0], p[1], "same"), p[2], p[3], "valid"), [64, 400]);
      return tf.losses.softmaxCrossEntropy(y, dense(tf.relu(dense(tf.relu(dense(h, p[4], p[5])), p[6], p[7])), p[8], p[9]));
    }, [...p], 0.01);
  },
  "step e (tiny)": () => {
    const [x, y] = [tf.randomNormal([50, 2]), tf.round(tf.randomUniform([50, 1]))];
    const p = [variable(2, 10), variable(10), variable(10, 10), variable(10), variable(10, 1), variable(1)] as const;
    return training(() => tf.losses.meanSquaredError(y, dense(tf.relu(dense(tf.relu(dense(x, p[0], p[1])), p[2], p[3])), p[4], p[5])), [...p], 0.1);
  },
};

await serve(tfjs);
