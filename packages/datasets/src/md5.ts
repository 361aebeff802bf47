/** The message digest that publishers of datasets give. It finds damage; against forgers it is no protection. @see RFC 1321 */
export class Md5 {
  readonly #state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  readonly #block = new Uint8Array(64);
  readonly #words = new Uint32Array(16);
  #length = 0;

  update(bytes: Uint8Array): this {
    let at = 0;
    while (at < bytes.length) {
      const filled = this.#length % 64;
      const piece = bytes.subarray(at, at + 64 - filled);
      this.#block.set(piece, filled);
      this.#length += piece.length;
      at += piece.length;
      if (this.#length % 64 === 0) this.#mix();
    }
    return this;
  }

  /** The digest in hexadecimal. Nothing can be added after it. */
  hex(): string {
    const bits = BigInt(this.#length) * 8n;
    const padding = new Uint8Array(((119 - (this.#length % 64)) % 64) + 1);
    padding[0] = 0x80;
    this.update(padding);
    const tail = new Uint8Array(8);
    new DataView(tail.buffer).setBigUint64(0, bits, true);
    this.update(tail);
    const digest = new DataView(new ArrayBuffer(16));
    this.#state.forEach((word, i) => { digest.setUint32(4 * i, word, true); });
    return Array.from(new Uint8Array(digest.buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  #mix(): void {
    const view = new DataView(this.#block.buffer);
    for (let i = 0; i < 16; i++) this.#words[i] = view.getUint32(4 * i, true);
    let [a, b, c, d] = this.#state as unknown as [number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      const word = this.#words[(STEPS[round]! * i + STARTS[round]!) % 16]!;
      const sum = (a + mixed + SINES[i]! + word) | 0;
      const shift = SHIFTS[round]![i % 4]!;
      [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
    }
    [a, b, c, d].forEach((word, i) => { this.#state[i]! += word; });
  }
}

const SHIFTS = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
/** Which word of the block a step takes: STEPS · i + STARTS. */
const STEPS = [1, 5, 3, 7];
const STARTS = [0, 1, 5, 0];
const SINES = Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0);
