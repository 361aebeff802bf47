import type { ComputeDType, Program, ScalarArguments } from "@gradus/kernel-ir";
import type { LastingBuffer } from "./lasting-buffer.js";

/** Bytes of the scalar arguments of one batch: 512 dispatches with a slot of 256 bytes, which every device offers. */
export const ringBytes = 512 * 256;

const write: Record<Exclude<ComputeDType, "float64">, (view: DataView, byte: number, value: number | bigint) => void> = {
  float32: (view, byte, value) => view.setFloat32(byte, Number(value), true),
  int32: (view, byte, value) => view.setInt32(byte, Number(value), true),
  int64: (view, byte, value) => view.setInt32(byte, Number(value), true),
  bool: (view, byte, value) => view.setInt32(byte, Number(value), true),
};

/**
 * The scalar arguments of the dispatches of one batch, in one uniform buffer. It is written once a batch, before the batch
 * is submitted, and the next batch starts again at its beginning: the device works in order.
 */
export class ScalarRing {
  readonly #bytes = new ArrayBuffer(ringBytes);
  readonly #view = new DataView(this.#bytes);
  readonly #alignment: number;
  #used = 0;

  /** @param memory - `ringBytes` of uniform memory. */
  constructor(
    readonly device: GPUDevice,
    readonly memory: LastingBuffer,
  ) {
    this.#alignment = device.limits.minUniformBufferOffsetAlignment;
  }

  /** Whether the scalars of another dispatch fit. */
  hasRoom(program: Program): boolean {
    return this.#used + this.#slotBytes(program) <= ringBytes;
  }

  /** Appends what a dispatch needs; returns its place. */
  push(program: Program, scalars: ScalarArguments, firstGuard: number, round: number): number {
    const offset = this.#used;
    program.scalars.forEach((dtype, slot) => {
      if (dtype !== "float64") write[dtype](this.#view, offset + 4 * slot, scalars[slot] ?? 0);
    });
    this.#view.setUint32(offset + 4 * program.scalars.length, firstGuard, true);
    this.#view.setUint32(offset + 4 * (program.scalars.length + 1), round, true);
    this.#used += this.#slotBytes(program);
    return offset;
  }

  /** Sends the scalars of the batch, which is about to be submitted. */
  send(): void {
    if (this.#used > 0) this.device.queue.writeBuffer(this.memory.buffer, 0, this.#bytes, 0, this.#used);
    this.#used = 0;
  }

  #slotBytes(program: Program): number {
    return Math.ceil(uniformBytes(program) / this.#alignment) * this.#alignment;
  }
}

/** Bytes of a program's `Scalars`, the number of its first guard and the round of its pass included. */
export const uniformBytes = (program: Program): number => Math.ceil((4 * (program.scalars.length + 2)) / 16) * 16;

/** @throws {RangeError} for an int64 argument that does not fit 32 bits. */
export function checkScalars(program: Program, scalars: ScalarArguments): void {
  program.scalars.forEach((dtype, slot) => {
    const value = scalars[slot] ?? 0;
    if (dtype === "int64" && BigInt.asIntN(32, BigInt(value)) !== BigInt(value)) {
      throw new RangeError(`${program.name}: expected int64 values that fit 32 bits on webgpu, got ${String(value)}; use the cpu`);
    }
  });
}
