import type { Program, ScalarArguments } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { elements, interpreter } from "@gradus/kernel-ir/interpreter";

type Values = readonly (number | bigint)[];

/** Runs a program on a fresh interpreter. A parameter is given its values, or their number where they do not matter. */
export function execute(program: Program, contents: readonly (Values | number)[], scalars: ScalarArguments = []): (number | bigint)[][] {
  const device = interpreter();
  const executable = device.prepare(program);
  const buffers = contents.map((content, i) => {
    const dtype = program.params[i]?.dtype ?? "float32";
    const { byteLength } = dtypeInfo[dtype];
    const values = typeof content === "number" ? new Array<number>(content).fill(0).map(() => (dtype === "int64" ? 0n : 0)) : content;
    const view = new DataView(new ArrayBuffer(values.length * byteLength));
    values.forEach((value, at) => elements[dtype].set(view, at * byteLength, value));
    const buffer = device.alloc(view.byteLength, dtype);
    device.write(buffer, 0, new Uint8Array(view.buffer));
    return { dtype, byteLength, buffer };
  });
  device.dispatch(executable, buffers.map(({ buffer }) => buffer), scalars);
  const results = buffers.map(({ dtype, byteLength, buffer }) => {
    const bytes = device.readSync?.(buffer) ?? new Uint8Array();
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return Array.from({ length: bytes.length / byteLength }, (_, at) => elements[dtype].get(view, at * byteLength));
  });
  device.dispose();
  return results;
}

/** The same in float32 arithmetic. */
export const f = Math.fround;
