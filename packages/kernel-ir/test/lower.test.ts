import { describe, expect, it } from "vitest";
import { ExprBuilder, lowerProgram, printProgram, type Kernel } from "../src/index.js";
import { interpreter } from "../src/interpreter.js";

const b = new ExprBuilder();
const elementwise = (name: string, make: (x: ReturnType<ExprBuilder["int"]>) => ReturnType<ExprBuilder["int"]>, dtype: "float32" | "float64"): Kernel => ({
  kind: "kernel",
  name,
  params: [{ dtype, access: "in" }, { dtype, access: "out" }],
  scalars: ["int32"],
  guards: [],
  outer: [b.scalar(0, "int32")],
  inner: [],
  reductions: [],
  stores: [{ over: "outer", param: 1, index: b.index(0), value: make(b.load(0, dtype, b.index(0))) }],
});

describe("lowerProgram", () => {
  it("leaves programs without float32 functions alone", () => {
    const program = elementwise("exp", (x) => b.exp(x), "float64");
    expect(lowerProgram(program)).toBe(program);
  });

  it("keeps what is shared shared", () => {
    const program = elementwise("twice", (x) => b.mul(b.exp(x), b.exp(x)), "float32");
    expect(printProgram(lowerProgram(program)).match(/round/g)).toHaveLength(1);
  });

  it("runs in the interpreter", () => {
    const device = interpreter();
    const executable = device.prepare(elementwise("tanh", (x) => b.tanh(b.log(b.exp(x))), "float32"));
    const from = device.alloc(12, "float32");
    const to = device.alloc(12, "float32");
    device.write(from, 0, new Uint8Array(new Float32Array([-1, 0.5, 20]).buffer));
    device.dispatch(executable, [from, to], [3]);
    const read = new Float32Array(device.readSync?.(to).buffer as ArrayBuffer);
    expect([...read]).toEqual([expect.closeTo(Math.tanh(-1), 6), expect.closeTo(Math.tanh(0.5), 6), 1]);
  });
});
