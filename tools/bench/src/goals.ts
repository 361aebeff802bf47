import { cases } from "./cases.js";
import type { CaseName, ProductName } from "./cases.js";
import type { Row } from "./measure.js";

/** What we want to reach, and how it is read off the rows of a run. */
export interface Goal {
  readonly what: string;
  /** The figure of a run; undefined where rows for it are missing. */
  readonly reached: (run: Run) => number | undefined;
  readonly wanted: { readonly atMost: number } | { readonly atLeast: number };
}

const node20 = "gradus";
const node24 = "gradus, Node 24, revectorized";

/** Rows by case and engine. */
export class Run {
  constructor(readonly rows: readonly Row[]) {}

  /** The same run with Gradus's figures from within `scope()`, as far as there are any. */
  inScope(): Run {
    const [scoped, others] = [this.rows.filter(({ label }) => label === "gradus, in scope()"), this.rows.filter(({ engine }) => engine !== "gradus")];
    return new Run([...scoped.map((row) => ({ ...row, label: node20 })), ...others]);
  }

  least(name: CaseName, label: string): number | undefined {
    return this.rows.find((row) => row.name === name && row.label === label)?.min_us;
  }

  /** How many times as long one engine took as another. */
  ratio(name: CaseName, label: string, over: string): number | undefined {
    return quotient(this.least(name, label), this.least(name, over));
  }

  /** Operations a microsecond. */
  rate(name: ProductName, label: string): number | undefined {
    return quotient(cases[name].flop, this.least(name, label));
  }
}

const quotient = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined || b === undefined ? undefined : a / b);

const overTorch = (name: CaseName, label: string, atMost: number): Goal => ({
  what: `${name}: time over PyTorch's${label === node24 ? ", Node 24 revectorized" : ""}`,
  reached: (run) => run.ratio(name, label, "torch"),
  wanted: { atMost },
});

const both = (name: CaseName, atMost20: number, atMost24: number): Goal[] => [overTorch(name, node20, atMost20), overTorch(name, node24, atMost24)];

const fasterOnTwo = (name: CaseName, atLeast: number): Goal => ({
  what: `${name}: one thread's time over two threads'`,
  reached: (run) => run.ratio(name, "gradus", "gradus, 2 threads"),
  wanted: { atLeast },
});

const shareOf = (name: ProductName, whole: ProductName, label: string, atLeast: number): Goal => ({
  what: `${name}: operations a second over those of ${whole}${label === node24 ? ", Node 24 revectorized" : ""}`,
  reached: (run) => quotient(run.rate(name, label), run.rate(whole, label)),
  wanted: { atLeast },
});

const startUp = (name: "first matmul" | "first matmul, functions"): Goal => ({
  what: `milliseconds from the import to the first product${name === "first matmul" ? "" : ", of a bundle of the functions that it calls"}`,
  reached: (run) => {
    const [whole, empty] = [run.least(name, node20), run.least("empty process", node20)];
    return whole === undefined || empty === undefined ? undefined : (whole - empty) / 1000;
  },
  wanted: { atMost: 30 },
});

/** One thread, eager, without a scope, reclaiming memory included, unless it says otherwise. */
export const goals: readonly Goal[] = [
  shareOf("matmul 512", "register peak", node20, 0.8),
  shareOf("matmul 512", "register peak", node24, 0.8),
  ...(["matmul 512 TN", "matmul 512 NT"] as const).map((name) => shareOf(name, "matmul 512", node20, 0.9)),
  ...(["matmul 64", "matmul 64x784x256", "matmul 16x192x512", "matmul 512x128x384"] as const).map((name) => shareOf(name, "matmul 512", node20, 0.6)),
  fasterOnTwo("matmul 512", 1.6),
  overTorch("fused chain 1e6", node20, 0.45),
  ...both("tanh 1e6", 0.6, 0.4),
  ...both("exp 1e6", 2.1, 1.2),
  ...both("softmax 1024", 1.6, 1.2),
  ...both("layer norm 1024", 1.6, 1.3),
  overTorch("sum 1e6", node20, 1.1),
  ...both("step a (MLP)", 3, 1.6),
  ...both("step b (LeNet)", 1.2, 0.8),
  ...both("step c (LSTM)", 2, 1.2),
  ...both("step d (GPT)", 3, 1.7),
  ...both("step e (tiny)", 0.5, 0.5),
  ...both("convolution 32-64", 5, 2.5),
  fasterOnTwo("step b (LeNet)", 1.5),
  fasterOnTwo("step d (GPT)", 1.5),
  { what: "add 4: microseconds", reached: (run) => run.least("add 4", node20), wanted: { atMost: 0.5 } },
  { what: "add 4 with grad: microseconds", reached: (run) => run.least("add 4 with grad", node20), wanted: { atMost: 0.8 } },
  startUp("first matmul"),
  startUp("first matmul, functions"),
];
