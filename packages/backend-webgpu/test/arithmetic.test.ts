import type { AluOp, ComputeDType, Expr, Store } from "@gradus/kernel-ir";
import { aluOps, ExprBuilder, transcendentalOps } from "@gradus/kernel-ir";
import { describe, it } from "vitest";
import { expectAgreement } from "./compare.js";
import { hasWebGpu, sharedDevice } from "./devices.js";
import { elementwise, kernel, numbers, pairs, specialFloats, specialInts } from "./programs.js";

/** What WGSL promises: division within 2.5 units in the last place, the square root by way of its inverse. The others are exact. */
const tolerance: Partial<Record<AluOp, number>> = { div: 3, sqrt: 3 };

const values = { float32: specialFloats, int32: specialInts, int64: specialInts.map(BigInt), bool: [0, 1] } as const;
const kinds = { float32: "float", int32: "int", int64: "int", bool: "bool" } as const;
const takes: Record<string, readonly string[]> = { number: ["float", "int"], float: ["float"], int: ["int"], bits: ["int", "bool"], any: ["float", "int", "bool"] };

const primitive = (Object.keys(aluOps) as AluOp[]).filter((op) => !(transcendentalOps as readonly AluOp[]).includes(op));
const types = ["float32", "int32", "int64", "bool"] as const;

/** int64 results that leave 32 bits are not promised. */
const fits = (op: AluOp, x: bigint, y: bigint): boolean => {
  const wide: Partial<Record<AluOp, bigint>> = { add: x + y, sub: x - y, mul: x * y, neg: -x, abs: x < 0n ? -x : x, div: y === 0n ? 0n : x / y, shl: x << (y & 63n), ushr: BigInt.asUintN(64, x) >> (y & 63n) };
  const result = wide[op] ?? 0n;
  return BigInt.asIntN(32, result) === result;
};

describe.skipIf(!hasWebGpu)("scalar operations on webgpu", () => {
  for (const op of primitive) {
    const info = aluOps[op];
    for (const dtype of types.filter((type) => takes[info.takes]?.includes(kinds[type]))) {
      const output: ComputeDType = info.gives === "bool" ? "bool" : dtype;
      const all = pairs<number | bigint>(values[dtype]);
      const kept = all[0].map((_, i) => i).filter((i) => dtype !== "int64" || fits(op, BigInt(all[0][i] ?? 0), BigInt(all[1][i] ?? 0)));
      const [x, y] = all.map((list) => kept.map((i) => list[i] ?? 0)) as [number[], number[]];

      it(`${op} of ${dtype}`, async () => {
        const program = elementwise(op, [dtype, dtype], output, x.length, (b, p, q) => (info.arity === 1 ? b.alu(op, p) : b.alu(op, p, q)));
        await expectAgreement(await sharedDevice(), { program, buffers: [x, y, x.map(() => 0)] }, tolerance[op]);
      });

      it(`${op} of ${dtype} literals, which a compiler may want to fold`, async () => {
        const chosen = x.map((_, i) => i).filter((i) => i % Math.ceil(x.length / 40) === 0);
        const b = new ExprBuilder();
        const stores = chosen.flatMap((i, nth): Store[] => {
          const [first, second] = [b.const(x[i] ?? 0, dtype), b.const(y[i] ?? 0, dtype)];
          const loaded = b.load(0, dtype, b.int(nth));
          const folded = info.arity === 1 ? b.alu(op, first) : b.alu(op, first, second);
          const half = info.arity === 1 ? b.alu(op, loaded) : b.alu(op, loaded, second);
          return [
            { over: "outer", param: 1, index: b.int(2 * nth), value: folded },
            { over: "outer", param: 1, index: b.int(2 * nth + 1), value: half },
          ];
        });
        const program = kernel(`${op} of literals`, { params: [{ dtype, access: "in" }, { dtype: output, access: "out" }], outer: [], stores });
        await expectAgreement(await sharedDevice(), { program, buffers: [chosen.map((i) => x[i] ?? 0), stores.map(() => 0)] }, tolerance[op]);
      });
    }
  }

  for (const op of transcendentalOps) {
    it(`${op} of float32 agrees with the interpreter, which computes the same formula`, async () => {
      const dense = [...numbers(300), ...numbers(300, 2).map((x) => x * 60), ...numbers(200, 3).map((x) => x * 2 ** -20), ...numbers(200, 4).map((x) => x * 2 ** 60)];
      // Near the smallest number some intermediate results are subnormal, which a device may take for zero.
      const inputs = [...specialFloats, ...dense].map(Math.fround).filter((value) => value === 0 || !(Math.abs(value) < 2 ** -100));
      const [x, y] = aluOps[op].arity === 2 ? pairs(inputs.filter((_, i) => i % 12 === 0 || i < specialFloats.length)) : [inputs, inputs];
      const program = elementwise(op, ["float32", "float32"], "float32", x.length, (b, p, q) => (aluOps[op].arity === 1 ? b.alu(op, p) : b.alu(op, p, q)));
      await expectAgreement(await sharedDevice(), { program, buffers: [x, y, x.map(() => 0)] }, 4);
    });
  }

  for (const from of types) {
    for (const to of types) {
      it(`casts ${from} to ${to}`, async () => {
        const inputs = values[from].filter((x) => to !== "int64" || from !== "float32" || Math.abs(Number(x)) < 2 ** 31);
        const program = elementwise(`${from} to ${to}`, [from], to, inputs.length, (b, x) => b.cast(x, to));
        await expectAgreement(await sharedDevice(), { program, buffers: [inputs, inputs.map(() => 0)] });
      });
    }
  }

  it("sums and products are not simplified as those of real numbers could be", async () => {
    const device = await sharedDevice();
    const x = [1e10, 3, 0.1, -7.3e-5, 16777216, -1e30, 1 / 3];
    const y = [1, 1e9, 0.3, 1e3, 1, 1e30, 1e-9];
    const formulas: Record<string, (b: ExprBuilder, x: Expr, y: Expr) => Expr> = {
      "(1 - x) + x": (b, x) => b.add(b.sub(b.like(1, x), x), x),
      "x - (x - y)": (b, x, y) => b.sub(x, b.sub(x, y)),
      "the rounding error of x + y": (b, x, y) => {
        const sum = b.add(x, y);
        const rest = b.sub(sum, x);
        return b.add(b.sub(x, b.sub(sum, rest)), b.sub(y, rest));
      },
      "(y - x·c) - x·d": (b, x, y) => b.sub(b.sub(y, b.mul(x, b.like(0.693115234375, x))), b.mul(x, b.like(3.19461849e-5, x))),
      "(x / y) · y": (b, x, y) => b.mul(b.div(x, y), y),
      "x + 0": (b, x) => b.add(x, b.like(0, x)),
    };
    for (const [name, formula] of Object.entries(formulas)) {
      const program = elementwise(name, ["float32", "float32"], "float32", x.length + 1, (b, p, q) => formula(b, p, q));
      await expectAgreement(device, { program, buffers: [[...x, -0], [...y, 5], new Array<number>(x.length + 1).fill(0)] });
    }
  });

  it("reads the same bits as another type", async () => {
    const device = await sharedDevice();
    const floats = [0, -0, 1, -1.5, 3.4028234663852886e38, Infinity, -Infinity];
    const program = elementwise("float bits", ["float32"], "int32", floats.length, (b, x) => b.bitcast(x, "int32"));
    await expectAgreement(device, { program, buffers: [floats, floats.map(() => 0)] });
    const ints = [0, 0x3f800000, 0x7f800000, -0x80000000, 0x7fc00000];
    const back = elementwise("int bits", ["int32"], "float32", ints.length, (b, x) => b.bitcast(x, "float32"));
    await expectAgreement(device, { program: back, buffers: [ints, ints.map(() => 0)] });
  });

  it("selects, and takes literals of every kind", async () => {
    const device = await sharedDevice();
    const literals = [NaN, Infinity, -Infinity, -0, 1e-40, 2 ** -126, 3.4028234663852886e38, 0.1, -123456.789, 1e21, 5e-324];
    const b = new ExprBuilder();
    const stores = literals.map((value, i): Store => {
      const chosen = b.select(b.load(0, "bool", b.int(i)), b.const(value, "float32"), b.const(1, "float32"));
      return { over: "outer", param: 1, index: b.int(i), value: chosen };
    });
    const program = kernel("literals", { params: [{ dtype: "bool", access: "in" }, { dtype: "float32", access: "out" }], outer: [], stores });
    await expectAgreement(device, { program, buffers: [literals.map((_, i) => i % 4 === 3 ? 0 : 1), literals.map(() => 0)] });
  });
});
