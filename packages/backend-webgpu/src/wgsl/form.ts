import type { Program } from "@gradus/kernel-ir";
import type { Block } from "./block.js";
import type { Digit } from "./digits.js";
import { bindDigits, countDigits, pointCount } from "./digits.js";
import type { ValueOf } from "./variants.js";

/** Invocations of one workgroup where each works on its own: the width of the hardware or a small multiple of it everywhere. */
const workgroupSize = 64;

/** Invocations of a workgroup that shares the work of one point. */
export const teamSize = 64;

/** What one dispatch does of a program: the work of one workgroup as a function of `lane`, the number of the invocation in it, and `group`, its own number. */
export interface Pass {
  /** The name of its entry point. */
  readonly name: string;
  readonly invocations: number;
  /** How many workgroups do it; 0 where there is nothing to do. */
  readonly workgroups: (valueOf: ValueOf) => number;
  /** How often it runs, one time after the other; the shader knows the time as `scalars.round`. Once where it is absent. */
  readonly rounds?: (valueOf: ValueOf) => number;
  /** Writes the work and returns the declarations that it needs. */
  readonly write: (block: Block) => readonly string[];
}

/** A way to do a program: dispatches, each of which sees what those before it wrote. */
export interface Form {
  readonly passes: readonly Pass[];
  /** 32-bit words of memory that the passes share; none where it is absent. */
  readonly scratchWords?: (valueOf: ValueOf) => number;
}

/** The outer axes of a space. */
export const outerDigits = ({ outer }: Exclude<Program, { kind: "contraction" }>): readonly Digit[] => outer.map((extent, axis) => ({ axis, extent }));

/** The inner axes of a space. */
export const innerDigits = ({ outer, inner }: Exclude<Program, { kind: "contraction" }>): readonly Digit[] => inner.map((extent, i) => ({ axis: outer.length + i, extent }));

/** Binds the point that an invocation, or a whole workgroup, works on. */
function writePoint(block: Block, number: string, digits: readonly Digit[], { pointName = "point", nameOf }: PassOptions): void {
  block.line(`let ${pointName} = ${number};`);
  block.line(`if (${pointName} >= ${pointCount(block, digits)}) { return; }`);
  bindDigits(block, pointName, digits, nameOf);
}

interface PassOptions {
  /** The name of the entry point. */
  readonly name?: string;
  /** What the number of the point is called. */
  readonly pointName?: string;
  /** What its axes are called. */
  readonly nameOf?: (axis: number) => string;
}

/** One invocation for each point, which it knows as `point`. */
export function byInvocation(digits: readonly Digit[], write: Pass["write"], options: PassOptions = {}): Pass {
  return {
    name: options.name ?? "main",
    invocations: workgroupSize,
    workgroups: (valueOf) => Math.ceil(countDigits(digits, valueOf) / workgroupSize),
    write: (block) => {
      writePoint(block, `group * ${String(workgroupSize)}u + lane`, digits, options);
      return write(block);
    },
  };
}

/** One workgroup for each point, which it knows as `point`. */
export function byWorkgroup(digits: readonly Digit[], write: Pass["write"], options: PassOptions = {}): Pass {
  return {
    name: options.name ?? "main",
    invocations: teamSize,
    workgroups: (valueOf) => countDigits(digits, valueOf),
    write: (block) => {
      writePoint(block, "group", digits, options);
      return write(block);
    },
  };
}
