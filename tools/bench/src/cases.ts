/** The work, by name. Each engine does the same: the same shapes, losses and updates. */
export const cases = {
  "matmul 512": { describe: "512×512 @ 512×512, float32", flop: 2 * 512 ** 3 },
  "matmul 512 TN": { describe: "transposed 512×512 @ 512×512", flop: 2 * 512 ** 3 },
  "matmul 512 NT": { describe: "512×512 @ transposed 512×512", flop: 2 * 512 ** 3 },
  "matmul 64": { describe: "64×64 @ 64×64", flop: 2 * 64 ** 3 },
  "matmul 64x784x256": { describe: "64×784 @ 784×256", flop: 2 * 64 * 784 * 256 },
  "matmul 16x192x512": { describe: "16×192 @ 192×512", flop: 2 * 16 * 192 * 512 },
  "matmul 512x128x384": { describe: "512×128 @ 128×384", flop: 2 * 512 * 128 * 384 },
  "exp 1e6": { describe: "exp, 10⁶ elements" },
  "tanh 1e6": { describe: "tanh, 10⁶ elements" },
  "sum 1e6": { describe: "sum of 10⁶ elements" },
  "softmax 1024": { describe: "softmax along the rows of 1024×1024" },
  "layer norm 1024": { describe: "layer norm along the rows of 1024×1024, without gradient" },
  "convolution 32-64": { describe: "convolution 32→64, 3×3, padding 1, 32×32, batch 32, forward and backward" },
  "fused chain 1e6": { describe: "relu(a·b + a), 10⁶ elements" },
  "add 4": { describe: "a + b, 4 elements, eager, no gradient" },
  "add 4 with grad": { describe: "a + b, 4 elements, a requires a gradient" },
  "step a (MLP)": { describe: "MLP 784-256-128-10, batch 64, cross-entropy, SGD" },
  "step b (LeNet)": { describe: "LeNet-5, 28×28, batch 64, cross-entropy, SGD" },
  "step e (tiny)": { describe: "MLP 2-10-10-1, batch 50, mean squared error, SGD" },
} as const satisfies Record<string, { readonly describe: string; readonly flop?: number }>;

export type CaseName = keyof typeof cases;
