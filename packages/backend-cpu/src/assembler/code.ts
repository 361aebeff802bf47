import { pushFloat32, pushFloat64, pushSigned, pushSigned64, pushUnsigned } from "./encoding.js";
import type { Immediates, ImmediatesOf, Instruction, InstructionName } from "./instructions.js";
import { instructions } from "./instructions.js";

export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

export const valueTypes = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const satisfies Record<ValueType, number>;

/** What a branch goes to. */
export interface Label {
  readonly depth: number;
}

/**
 * A sequence of instructions that is being written. Pieces may be nested: `piece()` gives a place in the middle of the
 * sequence that can be written to later, which is how a value that is found to be constant in a loop still gets computed
 * before it.
 *
 * ```text
 * new Code().op("local.get", 0).op("i32.const", 1).op("i32.add")   is encoded as   20 00, 41 01, 6a
 * ```
 */
export class Code {
  /** Stretches of bytes, and between them the pieces. */
  readonly #parts: (number[] | Code)[] = [];
  /** The stretch at the end. */
  #bytes: number[] = [];

  /** @param depth - Blocks and loops around this place. */
  constructor(readonly depth = 0) {
    this.#parts.push(this.#bytes);
  }

  op<N extends InstructionName>(name: N, ...immediates: ImmediatesOf<N>): this {
    const { opcode, immediate }: Instruction = instructions[name];
    for (let i = 0; i < opcode.length; i++) this.#bytes.push(opcode[i]!);
    if (immediate !== "none") writers[immediate](this.#bytes, immediates as never);
    return this;
  }

  // Half of all instructions, so they take no detour.
  get(local: number): this { return this.#local(0x20, local); }
  set(local: number): this { return this.#local(0x21, local); }
  tee(local: number): this { return this.#local(0x22, local); }

  /** A place at this point of the sequence. */
  piece(): Code {
    return this.#insert(new Code(this.depth));
  }

  /** A branch to its label leaves the block. */
  block(body: (code: Code, label: Label) => void): this { return this.#nested(0x02, null, body); }

  /** A branch to its label starts the next round; falling off the end leaves the loop. */
  loop(body: (code: Code, label: Label) => void): this { return this.#nested(0x03, null, body); }

  /** Takes a condition from the stack; `result` is what both arms leave there. */
  if(then: (code: Code) => void, otherwise?: (code: Code) => void, result: ValueType | null = null): this {
    return this.#nested(0x04, result, (code) => {
      then(code);
      if (otherwise !== undefined) otherwise(code.op("else"));
    });
  }

  branch(label: Label): this { return this.#branch(0x0c, label); }
  /** Takes a condition from the stack. */
  branchIf(label: Label): this { return this.#branch(0x0d, label); }

  /** Bytes of the encoded sequence. */
  get byteLength(): number {
    return this.#parts.reduce((sum, part) => sum + (part instanceof Code ? part.byteLength : part.length), 0);
  }

  /** Copies the encoded sequence into `target` and returns where it ends. */
  copyTo(target: Uint8Array, offset: number): number {
    let at = offset;
    for (const part of this.#parts) {
      if (part instanceof Code) at = part.copyTo(target, at);
      else {
        target.set(part, at);
        at += part.length;
      }
    }
    return at;
  }

  #local(opcode: number, local: number): this {
    this.#bytes.push(opcode);
    pushUnsigned(this.#bytes, local);
    return this;
  }

  #insert(code: Code): Code {
    this.#bytes = [];
    this.#parts.push(code, this.#bytes);
    return code;
  }

  #nested(opcode: number, result: ValueType | null, body: (code: Code, label: Label) => void): this {
    this.#bytes.push(opcode, result === null ? 0x40 : valueTypes[result]);
    const inside = this.#insert(new Code(this.depth + 1));
    body(inside, inside);
    return this.op("end");
  }

  #branch(opcode: number, label: Label): this {
    if (label.depth > this.depth) throw new Error("internal: a branch goes to a label that is not around it");
    this.#bytes.push(opcode);
    pushUnsigned(this.#bytes, this.depth - label.depth);
    return this;
  }
}

/** Memory instructions promise an alignment of 2⁰ bytes. */
const writeMemory = (out: number[], offset: number): void => {
  out.push(0);
  pushUnsigned(out, offset);
};

const writers: { readonly [I in keyof Immediates]: (out: number[], immediates: Immediates[I]) => void } = {
  none: () => undefined,
  index: (out, [index]) => pushUnsigned(out, index),
  indirect: (out, [type, table]) => {
    pushUnsigned(out, type);
    pushUnsigned(out, table);
  },
  memory: (out, [offset = 0]) => writeMemory(out, offset),
  memoryLane: (out, [lane, offset = 0]) => {
    writeMemory(out, offset);
    out.push(lane);
  },
  lane: (out, [lane]) => out.push(lane),
  i32: (out, [value]) => pushSigned(out, value),
  i64: (out, [value]) => pushSigned64(out, value),
  f32: (out, [value]) => pushFloat32(out, value),
  f64: (out, [value]) => pushFloat64(out, value),
  bytes16: (out, [bytes]) => {
    for (let i = 0; i < 16; i++) out.push(bytes[i] ?? 0);
  },
  zero: (out) => out.push(0),
  twoZeros: (out) => out.push(0, 0),
};
