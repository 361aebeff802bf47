import { jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import type { Case, Run } from "../protocol.js";

type Array_ = np.Array;

export const random = (...shape: number[]): Array_ => np.array(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (Math.random() - 0.5) * 0.2)).reshape(shape);
export const oneHot = (count: number): Array_ => {
  const values = new Float32Array(count * 10);
  for (let i = 0; i < count; i++) values[i * 10 + (i % 10)] = 1;
  return np.array(values).reshape([count, 10]);
};
export const crossEntropy = (logits: Array_, y: Array_): Array_ => np.negative(nn.logSoftmax(logits, -1).mul(y).sum(-1).mean());
export const dense = (x: Array_, weight: Array_, bias: Array_): Array_ => np.dot(x, weight).add(bias);

/** A compiled step, which is how this library is meant to be used. */
export function training(start: Array_[], data: Array_[], loss: (p: Array_[], ...data: Array_[]) => Array_, lr: number): Run {
  const step = jit((p: Array_[], ...batch: Array_[]) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(p), ...batch) as [Array_, Array_[]];
    return [value, p.map((w, i) => w.sub(gradients[i]!.mul(lr)))] as [Array_, Array_[]];
  });
  let p = start;
  return async () => {
    const [value, next] = step(p, ...data.map((d) => d.ref));
    p = next;
    await value.data();
    await Promise.all(p.map((w) => w.blockUntilReady()));
  };
}

/** Waits for a result, which no op does, and frees it. */
export const done = (make: () => Array_): Run => async () => (await make().blockUntilReady()).dispose();

export const product = (m: number, k: number, n: number): Case => () => {
  const [a, b] = [random(m, k), random(k, n)];
  return done(() => np.matmul(a.ref, b.ref));
};

export const mlp: Case = () =>
  training(
    [random(784, 256), random(256), random(256, 128), random(128), random(128, 10), random(10)],
    [random(64, 784), oneHot(64)],
    (p, x, y) => crossEntropy(dense(nn.relu(dense(nn.relu(dense(x, p[0]!, p[1]!)), p[2]!, p[3]!)), p[4]!, p[5]!), y),
    0.01,
  );

export const lenet: Case = () => {
  const pool = (h: Array_, channels: number, size: number): Array_ => np.max(h.reshape([64, channels, size / 2, 2, size / 2, 2]), [3, 5]);
  return training(
    [random(6, 1, 5, 5), random(6, 1, 1), random(16, 6, 5, 5), random(16, 1, 1), random(400, 120), random(120), random(120, 84), random(84), random(84, 10), random(10)],
    [random(64, 1, 28, 28), oneHot(64)],
    (p, x, y) => {
      let h = pool(nn.relu(lax.conv(x, p[0]!, [1, 1], "SAME").add(p[1]!)), 6, 28);
      h = pool(nn.relu(lax.conv(h, p[2]!, [1, 1], "VALID").add(p[3]!)), 16, 10).reshape([64, 400]);
      return crossEntropy(dense(nn.relu(dense(nn.relu(dense(h, p[4]!, p[5]!)), p[6]!, p[7]!)), p[8]!, p[9]!), y);
    },
    0.01,
  );
};
