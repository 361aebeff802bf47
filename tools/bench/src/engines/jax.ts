import { defaultDevice, grad, init, jit, lax, nn, numpy as np } from "@jax-js/jax";
import type { Case, Cases } from "../protocol.js";
import { serve } from "../serve.js";
import { startUp } from "../start-up.js";
import { crossEntropy, dense, done, lenet, mlp, oneHot, product, random, training } from "./jax-models.js";

type Array_ = np.Array;

await init("wasm");
defaultDevice("wasm");

/** A compiled function of random arrays: that is how this library is meant to be used. */
const of = (f: (...inputs: Array_[]) => Array_, ...shapes: number[][]): Case => () => {
  const inputs = shapes.map((shape) => random(...shape));
  const compiled = jit(f);
  return done(() => compiled(...inputs.map((input) => input.ref)));
};
const million = [1e6];

const convolution = (inputs: number, outputs: number, size: number, image: number, batch: number, padding: "SAME" | "VALID", backward: boolean): Case => () => {
  const [x, kernel] = [random(batch, inputs, image, image), random(outputs, inputs, size, size)];
  const forward = jit((a: Array_, b: Array_) => lax.conv(a, b, [1, 1], padding));
  const gradients = jit((a: Array_, b: Array_) => grad((p: Array_[]) => lax.conv(p[0]!, p[1]!, [1, 1], padding).sum())([a, b]));
  return async () => {
    const results = backward ? gradients(x.ref, kernel.ref) : [forward(x.ref, kernel.ref)];
    await Promise.all(results.map(async (result) => (await result.blockUntilReady()).dispose()));
  };
};

const jax: Cases = {
  "matmul 512": product(512, 512, 512),
  "matmul 1024": product(1024, 1024, 1024),
  "matmul 512 TN": of((a, b) => np.matmul(np.transpose(a), b), [512, 512], [512, 512]),
  "matmul 512 NT": of((a, b) => np.matmul(a, np.transpose(b)), [512, 512], [512, 512]),
  "matmul 64": product(64, 64, 64),
  "matmul 64x784x256": product(64, 784, 256),
  "matmul 16x192x512": product(16, 192, 512),
  "matmul 512x128x384": product(512, 128, 384),
  "add 1e6": of((x, y) => x.add(y), million, million),
  "relu 1e6": of((x) => nn.relu(x), million),
  "exp 1e6": of((x) => np.exp(x), million),
  "tanh 1e6": of((x) => np.tanh(x), million),
  "sigmoid 1e6": of((x) => nn.sigmoid(x), million),
  "gelu 1e6": of((x) => nn.gelu(x, { approximate: false }), million),
  "fused chain 1e6": of((x, y) => nn.relu(x.ref.mul(y).add(x)), million, million),
  "sum 1e6": of((x) => x.sum(), million),
  "transpose 1024": of((x) => np.transpose(x), [1024, 1024]),
  "softmax 1024": of((x) => nn.softmax(x, -1), [1024, 1024]),
  "layer norm 1024": of((x) => nn.standardize(x, -1), [1024, 1024]),
  "convolution 1-6 forward": convolution(1, 6, 5, 28, 64, "VALID", false),
  "convolution 1-6": convolution(1, 6, 5, 28, 64, "VALID", true),
  "convolution 32-64 forward": convolution(32, 64, 3, 32, 32, "SAME", false),
  "convolution 32-64": convolution(32, 64, 3, 32, 32, "SAME", true),
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
  "step a (MLP)": mlp,
  "step b (LeNet)": lenet,
  "step c (LSTM)": () =>
    training(
      [random(64, 512), random(128, 512), random(512), random(128, 10), random(10)],
      [...Array.from({ length: 32 }, () => random(16, 64)), oneHot(16)],
      ([input, hidden, bias, weight, offset], ...data) => {
        const y = data.pop()!;
        let [h, c] = [np.zeros([16, 128]), np.zeros([16, 128])];
        for (const x of data) {
          const [i, f, g, o] = np.split(np.dot(x, input!.ref).add(np.dot(h, hidden!.ref)).add(bias!.ref), 4, 1) as [Array_, Array_, Array_, Array_];
          c = nn.sigmoid(f).mul(c).add(nn.sigmoid(i).mul(np.tanh(g)));
          h = nn.sigmoid(o).mul(np.tanh(c.ref));
        }
        for (const unused of [c, input!, hidden!, bias!]) unused.dispose();
        return crossEntropy(dense(h, weight!, offset!), y);
      },
      0.01,
    ),
  "step d (GPT)": () => {
    const norm = (): Array_[] => [random(128), random(128)];
    const linear = (inputs: number, outputs: number): Array_[] => [random(inputs, outputs), random(outputs)];
    const blocks = Array.from({ length: 4 }, () => [...norm(), ...linear(128, 384), ...linear(128, 128), ...norm(), ...linear(128, 512), ...linear(512, 128)]).flat();
    const mask = np.array(Float32Array.from({ length: 4096 }, (_, i) => (i % 64 > Math.floor(i / 64) ? -1e9 : 0))).reshape([64, 64]);
    const tokens = (): Array_ => {
      const values = new Float32Array(512 * 65);
      for (let i = 0; i < 512; i++) values[i * 65 + ((i * 7) % 65)] = 1;
      return np.array(values).reshape([512, 65]);
    };
    const normalised = (x: Array_, scale: Array_, offset: Array_): Array_ => nn.standardize(x, -1).mul(scale).add(offset);
    return training(
      [random(65, 128), random(64, 128), ...blocks, ...norm(), random(128, 65)],
      // It has no embedding: a product with one-hot rows. SGD in place of AdamW, which it has not.
      [tokens(), tokens(), mask],
      (p, ids, y, hidden) => {
        let at = 0;
        const next = (): Array_ => p[at++]!;
        let x = np.dot(ids, next()).reshape([8, 64, 128]).add(next()).reshape([512, 128]);
        for (let layer = 0; layer < 4; layer++) {
          const heads = np.transpose(dense(normalised(x.ref, next(), next()), next(), next()).reshape([8, 64, 3, 4, 32]), [2, 0, 3, 1, 4]);
          const [q, k, v] = np.split(heads.reshape([3, 32, 64, 32]), 3, 0).map((part) => part.reshape([32, 64, 32])) as [Array_, Array_, Array_];
          const weights = nn.softmax(np.matmul(q, np.transpose(k, [0, 2, 1])).mul(32 ** -0.5).add(hidden.ref), -1);
          const attended = np.transpose(np.matmul(weights, v).reshape([8, 4, 64, 32]), [0, 2, 1, 3]).reshape([512, 128]);
          x = x.add(dense(attended, next(), next()));
          x = x.ref.add(dense(nn.gelu(dense(normalised(x, next(), next()), next(), next())), next(), next()));
        }
        hidden.dispose();
        return crossEntropy(np.dot(normalised(x, next(), next()), next()), y);
      },
      1e-3,
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

await serve({ ...jax, ...startUp("jax") });
