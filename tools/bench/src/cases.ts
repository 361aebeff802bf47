/** The work, by name. Each engine does the same: the same shapes, losses and updates. */
export const cases = {
  "matmul 512": { describe: "512×512 @ 512×512, float32", flop: 2 * 512 ** 3 },
  "fused chain 1e6": { describe: "relu(a·b + a), 10⁶ elements" },
  "add 4": { describe: "a + b, 4 elements, eager, no gradient" },
  "add 4 with grad": { describe: "a + b, 4 elements, a requires a gradient" },
  "step a (MLP)": { describe: "MLP 784-256-128-10, batch 64, cross-entropy, SGD" },
  "step b (LeNet)": { describe: "LeNet-5, 28×28, batch 64, cross-entropy, SGD" },
  "step e (tiny)": { describe: "MLP 2-10-10-1, batch 50, mean squared error, SGD" },
} as const satisfies Record<string, { readonly describe: string; readonly flop?: number }>;

export type CaseName = keyof typeof cases;
