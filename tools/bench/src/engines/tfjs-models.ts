import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import type { Case, Run } from "../protocol.js";

export const variable = (...shape: number[]): tf.Variable => tf.variable(tf.randomNormal(shape, 0, 0.1));
export const oneHot = (count: number): tf.Tensor => tf.cast(tf.oneHot(tf.tensor1d(Array.from({ length: count }, (_, i) => i % 10), "int32"), 10), "float32");
export const dense = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor): tf.Tensor => tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), bias);

/** How a device gives a loss, which it disposes of then. */
type Read = (loss: tf.Scalar) => unknown;

export const trainingWith = (read: Read) => (loss: () => tf.Scalar, parameters: tf.Variable[], optimizer: tf.Optimizer): Run => () => read(optimizer.minimize(loss, true, parameters)!);

export const mlpWith = (read: Read) => (optimizer: tf.Optimizer): Case => () => {
  const [x, y] = [tf.randomNormal([64, 784]), oneHot(64)];
  const p = [variable(784, 256), variable(256), variable(256, 128), variable(128), variable(128, 10), variable(10)] as const;
  return trainingWith(read)(() => tf.losses.softmaxCrossEntropy(y, dense(tf.relu(dense(tf.relu(dense(x, p[0], p[1])), p[2], p[3])), p[4], p[5])), [...p], optimizer);
};

export const lenetWith = (read: Read): Case => () => {
  const [x, y] = [tf.randomNormal<tf.Rank.R4>([64, 28, 28, 1]), oneHot(64)];
  const p = [variable(5, 5, 1, 6), variable(6), variable(5, 5, 6, 16), variable(16), variable(400, 120), variable(120), variable(120, 84), variable(84), variable(84, 10), variable(10)] as const;
  const block = (h: tf.Tensor4D, kernel: tf.Variable, bias: tf.Variable, padding: "same" | "valid"): tf.Tensor4D =>
    tf.maxPool(tf.relu<tf.Tensor4D>(tf.add<tf.Tensor4D>(tf.conv2d(h, kernel as tf.Tensor4D, 1, padding), bias)), 2, 2, "valid");
  return trainingWith(read)(() => {
    const h = tf.reshape(block(block(x, p[0], p[1], "same"), p[2], p[3], "valid"), [64, 400]);
    return tf.losses.softmaxCrossEntropy(y, dense(tf.relu(dense(tf.relu(dense(h, p[4], p[5])), p[6], p[7])), p[8], p[9]));
  }, [...p], tf.train.sgd(0.01));
};
