import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from "@jax-js/jax";
import type { CaseName } from "../cases.js";
import type { Case, Run } from "../protocol.js";
import { serve } from "../protocol.js";

type Array_ = np.Array;

await init("wasm");
defaultDevice("wasm");

const random = (...shape: number[]): Array_ => np.array(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (Math.random() - 0.5) * 0.2)).reshape(shape);
const oneHot = (count: number): Array_ => {
  const values = new Float32Array(count * 10);
  for (let i = 0; i < count; i++) values[i * 10 + (i % 10)] = 1;
  return np.array(values).reshape([count, 10]);
};
const crossEntropy = (logits: Array_, y: Array_): Array_ => np.negative(nn.logSoftmax(logits, -1).mul(y).sum(-1).mean());
const dense = (x: Array_, weight: Array_, bias: Array_): Array_ => np.dot(x, weight).add(bias);

/** A compiled step, which is how this library is meant to be used. */
function training(start: Array_[], data: Array_[], loss: (p: Array_[], ...data: Array_[]) => Array_, lr: number): Run {
  const step = jit((p: Array_[], ...batch: Array_[]) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(p), ...batch) as [Array_, Array_[]];
    return [value, p.map((w, i) => w.sub(gradients[i]!.mul(lr)))] as [Array_, Array_[]];
  });
  let p = start;
  return async () => {
    const [value, next] = step(p, ...data.map((d) => d.ref));
    p = next;
    value.dataSync();
    await Promise.all(p.map((w) => w.blockUntilReady()));
  };
}

const product = (m: number, k: number, n: number): Case => () => {
  const [a, b] = [random(m, k), random(k, n)];
  return () => void np.matmul(a.ref, b.ref).dataSync();
};
const ofMillion = (f: (x: Array_) => Array_): Case => () => {
  const x = random(1e6);
  return () => void f(x.ref).dataSync();
};

const jax: Record<CaseName, Case> = {
  "matmul 512": () => {
    const [a, b] = [random(512, 512), random(512, 512)];
    return () => void np.matmul(a.ref, b.ref).dataSync();
  },
  "matmul 512 TN": () => {
    const [a, b] = [random(512, 512), random(512, 512)];
    return () => void np.matmul(np.transpose(a.ref), b.ref).dataSync();
  },
  "matmul 512 NT": () => {
    const [a, b] = [random(512, 512), random(512, 512)];
    return () => void np.matmul(a.ref, np.transpose(b.ref)).dataSync();
  },
  "matmul 64": product(64, 64, 64),
  "matmul 64x784x256": product(64, 784, 256),
  "matmul 16x192x512": product(16, 192, 512),
  "matmul 512x128x384": product(512, 128, 384),
  "exp 1e6": ofMillion((x) => np.exp(x)),
  "tanh 1e6": ofMillion((x) => np.tanh(x)),
  "sum 1e6": ofMillion((x) => x.sum()),
  "softmax 1024": () => {
    const x = random(1024, 1024);
    return () => void nn.softmax(x.ref, -1).dataSync();
  },
  "layer norm 1024": () => {
    const x = random(1024, 1024);
    return () => void nn.standardize(x.ref, -1).dataSync();
  },
  "convolution 32-64": () => {
    throw new Error("takes seconds: 7900 ms where this was measured");
  },
  "fused chain 1e6": () => {
    const [a, b] = [random(1e6), random(1e6)];
    const chain = jit((x: Array_, y: Array_) => nn.relu(x.ref.mul(y).add(x)));
    return async () => {
      const result = chain(a.ref, b.ref);
      (await result.blockUntilReady()).dispose();
    };
  },
  "add 4": () => {
    const [a, b] = [np.array([1, 2, 3, 4]), np.array([1, 2, 3, 4])];
    return () => {
      const result = a.ref.add(b.ref);
      result.dataSync();
    };
  },
  "add 4 with grad": () => {
    throw new Error("records gradients only inside grad, not per operation");
  },
  "step a (MLP)": () =>
    training(
      [random(784, 256), random(256), random(256, 128), random(128), random(128, 10), random(10)],
      [random(64, 784), oneHot(64)],
      (p, x, y) => crossEntropy(dense(nn.relu(dense(nn.relu(dense(x, p[0]!, p[1]!)), p[2]!, p[3]!)), p[4]!, p[5]!), y),
      0.01,
    ),
  "step b (LeNet)": () => {
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
  },
  "step e (tiny)": () =>
    training(
      [random(2, 10), random(10), random(10, 10), random(10), random(10, 1), random(1)],
      [random(50, 2), random(50, 1)],
      (p, x, y) => np.square(dense(nn.relu(dense(nn.relu(dense(x, p[0]!, p[1]!)), p[2]!, p[3]!)), p[4]!, p[5]!).sub(y)).mean(),
      0.1,
    ),
};

await serve(jax);
