import type { Contraction, Expr, Kernel, Program } from "@gradus/kernel-ir";
import { lowerProgram, UnsupportedError, validateProgram } from "@gradus/kernel-ir";
import type { Elements } from "./arithmetic.js";
import { arithmetic, elementsOn, float16Feature, valueType } from "./arithmetic.js";
import type { ShaderContext } from "./block.js";
import { Block, elementOf } from "./block.js";
import { axesOf, blockOf, writeContraction, writeSplitContraction } from "./contraction.js";
import type { Digit } from "./digits.js";
import { bindDigits, pointCount } from "./digits.js";
import { writeKernel } from "./kernel.js";
import { libraryFor } from "./library.js";
import { sortScratchWords, writeScan, writeScatter, writeSort } from "./routines.js";
import { teamSize, writeTeamKernel } from "./team.js";
import { indent } from "./text.js";
import { tileInvocations, tilesOf, writeTiledContraction } from "./tiles.js";
import type { ValueOf, Variant } from "./variants.js";

/** What a shader's bindings are, in order. Parameters come first. */
export type Binding = "read" | "write" | "scalars" | "guards" | "scratch";

/** A program in WGSL, with what its dispatch has to know. */
export interface Shader {
  readonly code: string;
  readonly bindings: readonly Binding[];
  /** How many workgroups do it; 0 where there is nothing to do. */
  readonly workgroups: (valueOf: ValueOf) => number;
  /** Extents whose product is the number of 32-bit words of scratch memory, `scratchWords` times. */
  readonly scratch: readonly Expr[];
  readonly scratchWords: number;
}

/** Invocations of one workgroup where each works on its own: the width of the hardware or a small multiple of it everywhere. */
export const workgroupSize = 64;

/** The work of one workgroup as a function of `lane`, the number of the invocation in it, and `group`, its own number. */
interface Form {
  readonly invocations: number;
  readonly workgroups: (valueOf: ValueOf) => number;
  /** Writes the work and returns the declarations that it needs. */
  readonly write: (block: Block) => readonly string[];
}

const productOf = (digits: readonly Digit[], valueOf: ValueOf): number => digits.reduce((count, { extent, step = 1 }) => count * Math.ceil(valueOf(extent) / step), 1);

/** Binds the point that an invocation, or a whole workgroup, works on. */
function writePoint(block: Block, number: string, digits: readonly Digit[]): void {
  block.line(`let point = ${number};`);
  block.line(`if (point >= ${pointCount(block, digits)}) { return; }`);
  bindDigits(block, "point", digits);
}

/** One invocation for each point, or block of points. */
function independent(program: Program): Form {
  const digits = digitsOf(program);
  return {
    invocations: workgroupSize,
    workgroups: (valueOf) => Math.ceil(productOf(digits, valueOf) / workgroupSize),
    write: (block) => {
      writePoint(block, `group * ${String(workgroupSize)}u + lane`, digits);
      return writeWork(block, program);
    },
  };
}

/** One workgroup for each point, or block of points. */
function together(program: Program, write: (block: Block) => readonly string[]): Form {
  const digits = digitsOf(program);
  return {
    invocations: teamSize,
    workgroups: (valueOf) => productOf(digits, valueOf),
    write: (block) => {
      writePoint(block, "group", digits);
      return write(block);
    },
  };
}

const forms: Readonly<Record<Variant, (program: Program) => Form>> = {
  independent,
  tiled: (program) => ({
    invocations: tileInvocations,
    workgroups: (valueOf) => tilesOf(program as Contraction, valueOf),
    write: (block) => writeTiledContraction(block, program as Contraction),
  }),
  split: (program) => together(program, (block) => writeSplitContraction(block, program as Contraction)),
  team: (program) => together(program, (block) => writeTeamKernel(block, program as Kernel)),
};

function digitsOf(program: Program): readonly Digit[] {
  if (program.kind !== "contraction") return program.outer.map((extent, axis) => ({ axis, extent }));
  const steps = blockOf(program);
  return axesOf(program).kept.map(({ axis, extent }) => ({ axis, extent, step: steps.get(axis) ?? 1 }));
}

/** Writes the work of one point and returns the declarations that it needs. */
function writeWork(block: Block, program: Program): readonly string[] {
  switch (program.kind) {
    case "kernel":
      return writeKernel(block, program);
    case "contraction":
      writeContraction(block, program);
      return [];
    case "scan":
      return writeScan(block, program);
    case "scatter":
      writeScatter(block, program);
      return [];
    case "sort":
      return writeSort(block, program);
  }
}

/**
 * The shader of a program.
 *
 * @throws {UnsupportedError} where the program uses types or literals that the device does not have.
 */
export function generate(program: Program, variant: Variant, elements: Elements): Shader {
  validateProgram(program);
  try {
    return writeShader(lowerProgram(program), variant, elements);
  } catch (error) {
    if (error instanceof UnsupportedError) throw new UnsupportedError(`${program.name}: ${error.message}`);
    throw error;
  }
}

function writeShader(program: Program, variant: Variant, elements: Elements): Shader {
  const context: ShaderContext = { params: program.params, elements, nextValue: 0 };
  const block = Block.root(context);
  const { invocations, workgroups, write } = forms[variant](program);
  // Workgroups form a plane, because one dimension has room for 65535 of them only.
  block.line("let group = id.x + id.y * groups.x;");
  const declarations = write(block);

  const hasGuards = program.guards.length > 0;
  const bindings: Binding[] = program.params.map(({ access }) => (access === "in" ? "read" : "write"));
  const variables = program.params.map(({ access }, i) => {
    const mode = access === "in" ? "read" : "read_write";
    return `@group(0) @binding(${String(i)}) var<storage, ${mode}> p${String(i)}: array<${elementOf(context, i).holder}>;`;
  });
  const bind = (kind: Binding, declaration: string): void => {
    variables.push(`@group(0) @binding(${String(bindings.length)}) ${declaration}`);
    bindings.push(kind);
  };
  const structs: string[] = [];
  if (program.scalars.length > 0 || hasGuards) {
    // A uniform holds no bool.
    const fields = program.scalars.map((dtype, slot) => `  s${String(slot)}: ${arithmetic(dtype) === "bool" ? "i32" : valueType[arithmetic(dtype)]},`);
    // Guards have numbers that are unique on the device; this is the program's first.
    if (hasGuards) fields.push("  guards: u32,");
    structs.push(`struct Scalars {\n${fields.join("\n")}\n}`);
    bind("scalars", "var<uniform> scalars: Scalars;");
  }
  if (hasGuards) {
    bind("guards", "var<storage, read_write> failed: atomic<u32>;");
    structs.push("// The first failure is kept.\nfn fail(guard: u32) {\n  if (atomicLoad(&failed) == 0u) { atomicStore(&failed, scalars.guards + guard); }\n}");
  }
  if (program.kind === "sort") bind("scratch", "var<storage, read_write> scratch: array<i32>;");

  const body = [...structs, ...declarations, block.toString()].join("\n\n");
  const main = [
    `@compute @workgroup_size(${String(invocations)})`,
    "fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {",
    // There is always one layer of workgroups, but only the dispatch knows.
    ...(body.includes("rounded(") ? ["  zero = groups.z - 1u;"] : []),
    indent(block.toString()),
    "}",
  ].join("\n");
  const rest = [...structs, ...declarations, main].join("\n\n");
  const enable = variables.some((variable) => variable.includes("array<f16>")) ? "enable f16;\n\n" : "";
  const code = `// ${program.kind} ${program.name.replace(/\s+/g, " ")}\n${enable}${variables.join("\n")}\n\n${libraryFor(rest)}${rest}\n`;
  const scratch = program.kind === "sort" ? [...program.outer, ...program.inner] : [];
  return { code, bindings, workgroups, scratch, scratchWords: program.kind === "sort" ? sortScratchWords : 0 };
}

/**
 * The shader that a program becomes on WebGPU, to look at.
 *
 * @param options - `variant` says how its work is given to invocations: `tiled` and `split` are for contractions, `team` is for kernels that
 * reduce. `float16` is for devices with the feature `shader-f16`.
 * @throws {UnsupportedError} where the program uses types that WebGPU does not have.
 */
export function wgsl(program: Program, { variant = "independent", float16 = false }: { readonly variant?: Variant; readonly float16?: boolean } = {}): string {
  return generate(program, variant, elementsOn(new Set(float16 ? [float16Feature] : []))).code;
}
