import type { ComputeDType, Program } from "@gradus/kernel-ir";
import { expressionsOf, topological, transcendentalOps } from "@gradus/kernel-ir";
import { ModuleBuilder, mostPages } from "../assembler/index.js";
import { writeContraction } from "./contraction/contraction.js";
import { Emitter } from "./emitter.js";
import { writeKernel } from "./kernel.js";
import { writeScan, writeScatter, writeSort } from "./routines.js";
import type { HostFunction } from "./rules.js";
import { scalarTypes } from "./scalar.js";
import { Scope } from "./scope.js";
import type { Target } from "./target.js";

export interface GenerateOptions {
  /** Whether every access is compared with the length of its buffer. */
  readonly checkBounds: boolean;
  readonly target: Target;
}

/** Bytes of an argument in the block of arguments: a pointer, a scalar or a length. */
export const argumentBytes = 8;

const loads = { float64: "f64.load", float32: "f32.load", int64: "i64.load", int32: "i32.load", bool: "i32.load" } as const satisfies Record<ComputeDType, string>;

/** The functions on float64 that a program needs from the host, where its transcendental functions of float32 are written out. */
export function hostFunctions(program: Program): HostFunction[] {
  const used = new Set<HostFunction>();
  for (const { op, dtype } of topological(expressionsOf(program))) {
    if (op === "rem" && (dtype === "float64" || dtype === "float32")) used.add("rem");
    const transcendental = transcendentalOps.find((name) => name === op);
    if (transcendental !== undefined && dtype === "float64") used.add(transcendental);
  }
  return [...used];
}

/**
 * A WebAssembly module with one exported function `run(arguments) → status`. The block of arguments holds the address of the
 * workspace, those of the buffers, the scalars, and the byte lengths of the buffers, eight bytes each. The status is 0, or one plus the number of the
 * guard that does not hold.
 */
export function generate(program: Program, { checkBounds, target }: GenerateOptions): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  module.importMemory("device", "memory", target.shared ? mostPages : null);
  const host: Partial<Record<HostFunction, number>> = {};
  for (const name of hostFunctions(program)) {
    host[name] = module.importFunction("host", name, { params: name === "pow" || name === "rem" ? ["f64", "f64"] : ["f64"], results: ["f64"] });
  }
  // Sums of products call the shared functions for tiles.
  if (program.kind === "contraction") module.importTable("device", "table");
  const scratch = program.kind === "sort" || program.kind === "contraction" ? module.importFunction("device", "scratch", { params: ["f64"], results: ["i32"] }) : -1;
  const panels = program.kind === "contraction" ? module.importFunction("device", "panels", { params: [], results: [] }) : -1;
  const outOfBounds = checkBounds ? module.importFunction("device", "outOfBounds", { params: ["i32", "i32"], results: [] }) : -1;

  const fn = module.function({ params: ["i32"], results: ["i32"] });
  module.export("run", fn);
  const block = 0;
  const root = new Scope(null, fn.body, { region: true });
  const argument = (slot: number, load: (typeof loads)[ComputeDType], type: "i32" | "i64" | "f32" | "f64"): number => {
    const local = fn.local(type);
    root.code.get(block).op(load, argumentBytes * slot).set(local);
    return local;
  };
  const workspace = argument(0, "i32.load", "i32");
  const pointers = program.params.map((_, i) => argument(1 + i, "i32.load", "i32"));
  const firstScalar = 1 + pointers.length;
  program.scalars.forEach((dtype, i) => {
    const local = argument(firstScalar + i, loads[dtype], scalarTypes[dtype]);
    root.define(`scalar ${String(i)}`, () => ({ dtype, home: root, local }));
  });
  const firstLength = firstScalar + program.scalars.length;
  const lengths = checkBounds ? program.params.map((_, i) => argument(firstLength + i, "i32.load", "i32")) : null;

  const emitter = new Emitter({ target, module, fn, workspace, params: program.params, guards: program.guards, pointers, lengths, host, outOfBounds, scratch, panels });
  switch (program.kind) {
    case "kernel":
      writeKernel(emitter, root, program);
      break;
    case "contraction":
      writeContraction(emitter, root, program);
      break;
    case "scan":
      writeScan(emitter, root, program);
      break;
    case "scatter":
      writeScatter(emitter, root, program);
      break;
    case "sort":
      writeSort(emitter, root, program);
      break;
  }
  fn.body.op("i32.const", 0);
  return module.bytes();
}
