import type { Contraction, Kernel, Program } from "@gradus/kernel-ir";
import { lowerProgram, UnsupportedError, validateProgram } from "@gradus/kernel-ir";
import type { Elements } from "./arithmetic.js";
import { arithmetic, elementsOn, float16Feature, valueType } from "./arithmetic.js";
import type { ShaderContext } from "./block.js";
import { Block, elementOf } from "./block.js";
import { axesOf, blockOf, writeContraction, writeSplitContraction } from "./contraction.js";
import type { Digit } from "./digits.js";
import { countDigits } from "./digits.js";
import type { Form, Pass } from "./form.js";
import { byInvocation, byWorkgroup, innerDigits, outerDigits } from "./form.js";
import { writeKernel } from "./kernel.js";
import { libraryFor } from "./library.js";
import { sortScratchWords, writeScan, writeScatter, writeSort } from "./routines.js";
import { partialsForm } from "./partials.js";
import { scanForm } from "./scanning.js";
import { scatterForm } from "./segments.js";
import { sortForm } from "./sorting.js";
import { squadPass } from "./squad.js";
import { writeTeamKernel } from "./team.js";
import { indent } from "./text.js";
import { tileInvocations, tilesOf, writeTiledContraction } from "./tiles.js";
import type { ValueOf, Variant } from "./variants.js";

/** What a shader's bindings are, in order. Parameters come first. */
export type Binding = "read" | "write" | "scalars" | "guards" | "scratch";

/** A program in WGSL, with what its dispatch has to know. */
export interface Shader {
  readonly code: string;
  readonly bindings: readonly Binding[];
  /** What is to be dispatched, in order. */
  readonly passes: readonly Omit<Pass, "write">[];
  /** 32-bit words of scratch memory. */
  readonly scratchWords: (valueOf: ValueOf) => number;
}

const forms: Readonly<Record<Variant, (program: Program, context: ShaderContext) => Form>> = {
  independent: (program) => ({
    passes: [byInvocation(digitsOf(program), (block) => writeWork(block, program))],
    ...(program.kind === "sort" && { scratchWords: (valueOf) => sortScratchWords * countDigits([...outerDigits(program), ...innerDigits(program)], valueOf) }),
  }),
  tiled: (program) => ({
    passes: [{
      name: "main",
      invocations: tileInvocations,
      workgroups: (valueOf) => tilesOf(program as Contraction, valueOf),
      write: (block) => writeTiledContraction(block, program as Contraction),
    }],
  }),
  split: (program) => ({ passes: [byWorkgroup(digitsOf(program), (block) => writeSplitContraction(block, program as Contraction))] }),
  crowd: crowdForm,
  squad: (program) => ({ passes: [squadPass(program as Kernel)] }),
  team: (program) => ({ passes: [byWorkgroup(digitsOf(program), (block) => writeTeamKernel(block, program as Kernel))] }),
};

/** A program as passes of many workgroups. */
function crowdForm(program: Program, context: ShaderContext): Form {
  switch (program.kind) {
    case "kernel":
      return partialsForm(program, context);
    case "scan":
      return scanForm(program, context);
    case "sort":
      return sortForm(program);
    case "scatter":
      return scatterForm(program);
    case "contraction":
      throw new Error("internal: a contraction is nothing for a crowd");
  }
}

/** The points of a program, or blocks of points, that can be done apart. */
function digitsOf(program: Program): readonly Digit[] {
  if (program.kind !== "contraction") return outerDigits(program);
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
  const { passes, scratchWords } = forms[variant](program, context);
  const declared = new Set<string>();
  const bodies = passes.map(({ write }) => {
    const block = Block.root(context);
    // Workgroups form a plane, because one dimension has room for 65535 of them only.
    block.line("let group = id.x + id.y * groups.x;");
    for (const declaration of write(block)) declared.add(declaration);
    return block.toString();
  });
  const declarations = [...declared];

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
  const hasRounds = passes.some(({ rounds }) => rounds !== undefined);
  if (program.scalars.length > 0 || hasGuards || hasRounds) {
    // A uniform holds no bool.
    const fields = program.scalars.map((dtype, slot) => `  s${String(slot)}: ${arithmetic(dtype) === "bool" ? "i32" : valueType[arithmetic(dtype)]},`);
    // Guards have numbers that are unique on the device; this is the program's first.
    if (hasGuards || hasRounds) fields.push("  guards: u32,");
    if (hasRounds) fields.push("  round: u32,");
    structs.push(`struct Scalars {\n${fields.join("\n")}\n}`);
    bind("scalars", "var<uniform> scalars: Scalars;");
  }
  if (hasGuards) {
    bind("guards", "var<storage, read_write> failed: atomic<u32>;");
    structs.push("// The first failure is kept.\nfn fail(guard: u32) {\n  if (atomicLoad(&failed) == 0u) { atomicStore(&failed, scalars.guards + guard); }\n}");
  }
  if (scratchWords !== undefined) bind("scratch", "var<storage, read_write> scratch: array<i32>;");

  const isRounded = [...declarations, ...bodies].some((text) => text.includes("rounded("));
  const entryPoints = passes.map(({ name, invocations }, i) =>
    [
      `@compute @workgroup_size(${String(invocations)})`,
      `fn ${name}(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {`,
      // There is always one layer of workgroups, but only the dispatch knows.
      ...(isRounded ? ["  zero = groups.z - 1u;"] : []),
      indent(bodies[i] ?? ""),
      "}",
    ].join("\n"),
  );
  const rest = [...structs, ...declarations, ...entryPoints].join("\n\n");
  const enable = variables.some((variable) => variable.includes("array<f16>")) ? "enable f16;\n\n" : "";
  const code = `// ${program.kind} ${program.name.replace(/\s+/g, " ")}\n${enable}${variables.join("\n")}\n\n${libraryFor(rest)}${rest}\n`;
  return { code, bindings, passes, scratchWords: scratchWords ?? (() => 0) };
}

/**
 * The shader that a program becomes on WebGPU, to look at.
 *
 * @param options - `variant` says how its work is given to invocations: `tiled` and `split` are for contractions, `squad` and `team` for kernels that
 * reduce, `crowd` for those and for scans, sorts and scatters. `float16` is for devices with the feature `shader-f16`.
 * @throws {UnsupportedError} where the program uses types that WebGPU does not have.
 */
export function wgsl(program: Program, { variant = "independent", float16 = false }: { readonly variant?: Variant; readonly float16?: boolean } = {}): string {
  return generate(program, variant, elementsOn(new Set(float16 ? [float16Feature] : []))).code;
}
