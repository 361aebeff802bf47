/**
 * The number formats of the WebAssembly binary format (core specification, chapter 5): integers are LEB128, seven bits a
 * byte with the low ones first and the high bit set on every byte but the last; floats are little-endian IEEE 754.
 */
const scratch = new DataView(new ArrayBuffer(8));

/** Unsigned LEB128: indices, sizes, opcodes behind a prefix. */
export function pushUnsigned(out: number[], value: number): void {
  let rest = value >>> 0;
  while (rest > 0x7f) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
}

/** Signed LEB128 of an int32. It ends as soon as what is left repeats the sign bit that was written. */
export function pushSigned(out: number[], value: number): void {
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    if (rest === (byte & 0x40 ? -1 : 0)) {
      out.push(byte);
      return;
    }
    out.push(byte | 0x80);
  }
}

/** Signed LEB128 of an int64. */
export function pushSigned64(out: number[], value: bigint): void {
  let rest = BigInt.asIntN(64, value);
  for (;;) {
    const byte = Number(rest & 0x7fn);
    rest >>= 7n;
    if (rest === (byte & 0x40 ? -1n : 0n)) {
      out.push(byte);
      return;
    }
    out.push(byte | 0x80);
  }
}

export function pushFloat32(out: number[], value: number): void {
  scratch.setFloat32(0, value, true);
  for (let i = 0; i < 4; i++) out.push(scratch.getUint8(i));
}

export function pushFloat64(out: number[], value: number): void {
  scratch.setFloat64(0, value, true);
  for (let i = 0; i < 8; i++) out.push(scratch.getUint8(i));
}

/** A name: its length and its bytes. Names here are ASCII. */
export function pushName(out: number[], name: string): void {
  pushUnsigned(out, name.length);
  for (let i = 0; i < name.length; i++) out.push(name.charCodeAt(i));
}
