/** An IDX file with this type, these sizes, and these bytes after them, whether they fit or not. */
export function idx(type: number, sizes: readonly number[], bytes: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(4 + 4 * sizes.length + bytes.length);
  file.set([0, 0, type, sizes.length]);
  const view = new DataView(file.buffer);
  for (const [d, size] of sizes.entries()) view.setUint32(4 + 4 * d, size);
  file.set(bytes, 4 + 4 * sizes.length);
  return file;
}
