import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ValueType } from "../src/assembler/index.js";
import { Code, instructions, ModuleBuilder } from "../src/assembler/index.js";

type Numbers = number | bigint;

/** A module with one function, as a JavaScript function. */
function assemble(params: readonly ValueType[], results: readonly ValueType[], write: (code: Code, local: (type: ValueType) => number) => void): (...args: Numbers[]) => unknown {
  const module = new ModuleBuilder();
  const fn = module.function({ params, results });
  write(fn.body, (type) => fn.local(type));
  module.export("f", fn);
  return new WebAssembly.Instance(new WebAssembly.Module(module.bytes())).exports.f as (...args: Numbers[]) => unknown;
}

describe("constants survive encoding", () => {
  it("int32", () => {
    fc.assert(fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (x) => assemble([], ["i32"], (code) => code.op("i32.const", x))() === x));
  });
  it("int64", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (x) => assemble([], ["i64"], (code) => code.op("i64.const", x))() === x));
  });
  it("float64 and float32", () => {
    fc.assert(fc.property(fc.double(), (x) => Object.is(assemble([], ["f64"], (code) => code.op("f64.const", x))(), x)));
    fc.assert(fc.property(fc.float(), (x) => Object.is(assemble([], ["f32"], (code) => code.op("f32.const", x))(), x)));
  });
  it("around the lengths where LEB128 needs another byte", () => {
    for (const bits of [6, 7, 13, 14, 20, 21, 27, 28, 31]) {
      for (const x of [2 ** bits - 1, 2 ** bits, -(2 ** bits), -(2 ** bits) - 1].filter((v) => v === (v | 0))) {
        expect(assemble([], ["i32"], (code) => code.op("i32.const", x))()).toBe(x);
      }
    }
  });
});

describe("control", () => {
  it("loops, blocks and branches to outer labels", () => {
    // The first square above n, by counting up.
    const f = assemble(["i32"], ["i32"], (code, local) => {
      const i = local("i32");
      code.block((block, done) => {
        block.loop((round, again) => {
          round.get(i).op("i32.const", 1).op("i32.add").set(i);
          round.get(i).get(i).op("i32.mul").get(0).op("i32.gt_s").if((inside) => inside.branch(done));
          round.branch(again);
        });
      });
      code.get(i).get(i).op("i32.mul");
    });
    expect([0, 1, 8, 9, 100].map((n) => f(n))).toEqual([1, 4, 9, 16, 121]);
  });

  it("if with a result", () => {
    const f = assemble(["i32"], ["f64"], (code) => code.get(0).if((yes) => yes.op("f64.const", 1.5), (no) => no.op("f64.const", -2), "f64"));
    expect([f(1), f(0)]).toEqual([1.5, -2]);
  });

  it("pieces are written to later, and nested code as well", () => {
    const f = assemble([], ["i32"], (code, local) => {
      const [a, b] = [local("i32"), local("i32")];
      const early = code.piece();
      code.block((block) => {
        const inside = block.piece();
        block.get(a).op("i32.const", 1).op("i32.add").set(b);
        inside.op("i32.const", 10).set(a);
        early.op("i32.const", 5).set(b);
      });
      code.get(b);
    });
    expect(f()).toBe(11);
  });

  it("refuses a branch into a block that is not around it", () => {
    const code = new Code();
    let inner = code;
    code.block((block) => { inner = block; });
    expect(() => code.branch(inner)).toThrow("internal: a branch goes to a label that is not around it");
  });
});

describe("modules", () => {
  it("locals of mixed types keep their numbers", () => {
    const f = assemble(["i32"], ["f64"], (code, local) => {
      const [a, b, c] = [local("i32"), local("f64"), local("i32")];
      code.op("i32.const", 3).set(a).op("f64.const", 0.25).set(b).get(0).set(c);
      code.get(a).get(c).op("i32.add").op("f64.convert_i32_s").get(b).op("f64.add");
    });
    expect(f(4)).toBe(7.25);
  });

  it("imports, shared signatures, calls and tables", () => {
    const seen: number[] = [];
    const table = new WebAssembly.Table({ element: "anyfunc", initial: 2 });
    const module = new ModuleBuilder();
    module.importMemory("m", "memory");
    module.importTable("m", "table");
    const log = module.importFunction("m", "log", { params: ["i32"], results: [] });
    const twice = module.function({ params: ["i32"], results: ["i32"] });
    twice.body.get(0).op("i32.const", 1).op("i32.shl");
    const run = module.function({ params: ["i32"], results: ["i32"] });
    run.body.get(0).op("call", log).get(0).op("call", twice.index).op("i32.const", 1).op("call_indirect", module.type(run.signature), 0);
    module.export("twice", twice);
    module.export("run", run);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { m: { memory, table, log: (x: number) => seen.push(x) } });
    table.set(1, exports.twice);
    expect((exports.run as (x: number) => number)(5)).toBe(20);
    expect(seen).toEqual([5]);
    expect(() => module.importFunction("m", "late", { params: [], results: [] })).toThrow("internal: imports must be declared before functions");
  });

  it("a shared memory", () => {
    const module = new ModuleBuilder();
    module.importMemory("m", "memory", 16);
    module.export("f", module.function({ params: [], results: [] }));
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 16, shared: true });
    expect(() => new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { m: { memory } })).not.toThrow();
  });
});

/** Operands and result of an instruction, from its name in the text format. */
function shapeOf(name: string): { readonly operands: readonly ValueType[]; readonly result: ValueType | null } | null {
  const [prefix = "", rest = ""] = name.split(".");
  const scalar = ["i32", "i64", "f32", "f64"].find((t) => t === prefix) as ValueType | undefined;
  const v = "v128" as const;
  if (scalar !== undefined) {
    if (rest === "const") return { operands: [], result: scalar };
    if (rest.startsWith("load")) return { operands: ["i32"], result: scalar };
    if (rest.startsWith("store")) return { operands: ["i32", scalar], result: null };
    const conversion = /_(i32|i64|f32|f64)(_[su])?$/.exec(rest);
    if (conversion !== null && !/^extend(8|16)/.test(rest)) return { operands: [conversion[1] as ValueType], result: scalar };
    if (/^(eqz|clz|ctz|popcnt|abs|neg|ceil|floor|trunc|nearest|sqrt|extend(8|16)_s)$/.test(rest)) return { operands: [scalar], result: rest === "eqz" ? "i32" : scalar };
    return { operands: [scalar, scalar], result: /^(eq|ne|lt|gt|le|ge)(_[su])?$/.test(rest) ? "i32" : scalar };
  }
  if (prefix === "v128") {
    if (rest === "const") return { operands: [], result: v };
    if (rest.startsWith("store")) return { operands: ["i32", v], result: null };
    if (rest.includes("lane")) return { operands: ["i32", v], result: v };
    if (rest.startsWith("load")) return { operands: ["i32"], result: v };
    if (rest === "any_true") return { operands: [v], result: "i32" };
    return { operands: Array.from({ length: rest === "not" ? 1 : rest === "bitselect" ? 3 : 2 }, () => v), result: v };
  }
  if (/^[if]\d+x\d+$/.test(prefix)) {
    const lane = ({ i8x16: "i32", i16x8: "i32", i32x4: "i32", i64x2: "i64", f32x4: "f32", f64x2: "f64" } as const)[prefix as "i32x4"];
    if (rest === "splat") return { operands: [lane], result: v };
    if (rest.startsWith("extract_lane")) return { operands: [v], result: lane };
    if (rest === "replace_lane") return { operands: [v, lane], result: v };
    if (/^(all_true|bitmask)$/.test(rest)) return { operands: [v], result: "i32" };
    if (/^sh[lr]/.test(rest)) return { operands: [v, "i32"], result: v };
    if (rest === "relaxed_madd") return { operands: [v, v, v], result: v };
    if (/^(abs|neg|sqrt|ceil|floor|trunc|nearest|extend|convert|demote|promote|trunc_sat)/.test(rest)) return { operands: [v], result: v };
    return { operands: [v, v], result: v };
  }
  return null;
}

describe("the table of instructions", () => {
  const immediates = { none: [], memory: [8], memoryLane: [1, 8], lane: [1], i32: [7], i64: [7n], f32: [1.5], f64: [1.5], bytes16: [new Uint8Array(16)] } as const;
  for (const [name, { immediate }] of Object.entries(instructions)) {
    const shape = shapeOf(name);
    if (shape === null || name.includes("relaxed")) continue;
    it(`${name} is what its name says, to the engine's validator`, () => {
      const module = new ModuleBuilder();
      module.importMemory("m", "memory");
      const fn = module.function({ params: shape.operands, results: shape.result === null ? [] : [shape.result] });
      shape.operands.forEach((_, i) => fn.body.get(i));
      fn.body.op(name as "i32.const", ...(immediates[immediate as keyof typeof immediates] as readonly [number]));
      expect(WebAssembly.validate(module.bytes())).toBe(true);
    });
  }
});
