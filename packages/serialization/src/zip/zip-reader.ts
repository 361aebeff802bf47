import type { ByteSource, Fail } from "../byte-source.js";
import type { MemoryBudget, MemoryLimit } from "../memory-budget.js";
import { crc32 } from "./crc32.js";
import { inflate } from "./inflate.js";

/**
 * Reads zip archives: those of PyTorch and NumPy.
 *
 * An archive ends with a directory of its entries; each entry repeats its name in front of its data. The reader takes nothing on trust:
 * both must agree, no two entries may overlap or bear one name, and each length and checksum must be right.
 *
 * @see APPNOTE.TXT, ".ZIP File Format Specification", PKWARE
 */
export interface ZipEntry {
  readonly name: string;
  readonly method: "stored" | "deflated";
  readonly checksum: number;
  readonly packedLength: number;
  readonly length: number;
  /** Where its local header begins. */
  readonly begin: number;
}

const DIRECTORY_END = { signature: 0x06054b50, length: 22, longestComment: 0xffff };
const DIRECTORY_END_64 = { signature: 0x06064b50, length: 56 };
const LOCATOR_64 = { signature: 0x07064b50, length: 20 };
const DIRECTORY_ENTRY = { signature: 0x02014b50, length: 46 };
const LOCAL_HEADER = { signature: 0x04034b50, length: 30 };

/** A 16- or 32-bit field that says: the value stands in 64 bits elsewhere. */
const ELSEWHERE_16 = 0xffff;
const ELSEWHERE_32 = 0xffffffff;
const EXTRA_64 = 1;

const METHODS: Readonly<Record<number, ZipEntry["method"]>> = { 0: "stored", 8: "deflated" };
const ENCRYPTED = 1;

/** What an entry of the directory takes in memory beside its name. */
const ENTRY_BYTES = 200;

export class ZipArchive {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #source: ByteSource;
  readonly #fail: Fail;
  readonly #limit: MemoryLimit;

  private constructor(source: ByteSource, entries: ReadonlyMap<string, ZipEntry>, fail: Fail, limit: MemoryLimit) {
    this.#source = source;
    this.entries = entries;
    this.#fail = fail;
    this.#limit = limit;
  }

  /** Reads the directory. @throws {FileFormatError} if the file is no archive, or lies. */
  static async open(source: ByteSource, fail: Fail, budget: MemoryBudget, limit: MemoryLimit): Promise<ZipArchive> {
    const { count, begin, end } = await directoryOf(source, fail);
    const directory = viewOf(await source.read(begin, end));
    const entries = new Map<string, ZipEntry>();
    let at = 0;
    for (let i = 0; i < count; i++) {
      const { entry, next } = readEntry(directory, at, fail);
      budget.spend(ENTRY_BYTES + entry.name.length);
      if (entries.has(entry.name)) throw fail(`the name ${JSON.stringify(entry.name.slice(0, 60))} stands twice in the archive`);
      entries.set(entry.name, entry);
      at = next;
    }
    if (at !== directory.byteLength) throw fail(`the archive's directory has ${directory.byteLength} bytes, its ${count} entries take ${at}`);
    const sorted = [...entries.values()].sort((a, b) => a.begin - b.begin);
    for (const [i, entry] of sorted.entries()) {
      const limitOfEntry = sorted[i + 1]?.begin ?? begin;
      if (entry.begin + LOCAL_HEADER.length + entry.packedLength > limitOfEntry) throw fail(`entry ${JSON.stringify(entry.name.slice(0, 60))} overlaps what follows it`);
    }
    return new ZipArchive(source, entries, fail, limit);
  }

  /** The content of an entry, unpacked and checked. */
  async read(entry: ZipEntry): Promise<Uint8Array> {
    const fail: Fail = (reason, cause) => this.#fail(`entry ${JSON.stringify(entry.name.slice(0, 60))}: ${reason}`, cause);
    const { begin, packedLength, length, method, checksum } = entry;
    const header = viewOf(await this.#source.read(begin, begin + LOCAL_HEADER.length));
    const nameLength = header.getUint16(26, true);
    const start = begin + LOCAL_HEADER.length + nameLength + header.getUint16(28, true);
    if (header.getUint32(0, true) !== LOCAL_HEADER.signature || start + packedLength > this.#source.size) throw fail("its header is not where the directory says");
    const name = await this.#source.read(begin + LOCAL_HEADER.length, begin + LOCAL_HEADER.length + nameLength);
    if (textOf(name, fail) !== entry.name) throw fail("its header bears another name");
    const packed = await this.#source.read(start, start + packedLength);
    const bytes = method === "stored" ? packed : await inflate(packed, length, "deflate-raw", fail, this.#limit.maxBytes);
    const found = crc32(bytes);
    if (found !== checksum) throw fail(`its checksum is ${found.toString(16)}, expected ${checksum.toString(16)}`);
    return bytes;
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function textOf(bytes: Uint8Array, fail: Fail): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw fail("a name in the archive is no UTF-8 text", cause);
  }
}

/** Where the directory lies. The record that says so stands at the very end, in front of a comment of any length. */
async function directoryOf(source: ByteSource, fail: Fail): Promise<{ count: number; begin: number; end: number }> {
  const { size } = source;
  const tailBegin = Math.max(0, size - DIRECTORY_END.length - DIRECTORY_END.longestComment);
  const tail = viewOf(await source.read(tailBegin, size));
  let at = tail.byteLength - DIRECTORY_END.length;
  const isEnd = () => tail.getUint32(at, true) === DIRECTORY_END.signature && at + DIRECTORY_END.length + tail.getUint16(at + 20, true) === tail.byteLength;
  while (at >= 0 && !isEnd()) at--;
  if (at < 0) throw fail("found no end of a zip archive: the file is cut short, or none");
  let count = tail.getUint16(at + 10, true);
  let length = tail.getUint32(at + 12, true);
  let begin = tail.getUint32(at + 16, true);
  let end = tailBegin + at;
  if (tail.getUint16(at + 4, true) !== 0 && count !== ELSEWHERE_16) throw fail("the archive has several parts, expected one");

  // PyTorch writes the record of 64 bits whether or not it is needed.
  const locator = end >= LOCATOR_64.length ? viewOf(await source.read(end - LOCATOR_64.length, end)) : null;
  if (locator?.getUint32(0, true) === LOCATOR_64.signature) {
    const place = Number(locator.getBigUint64(8, true));
    if (place + DIRECTORY_END_64.length > end - LOCATOR_64.length) throw fail("the archive's directory is not where its end says");
    const record = viewOf(await source.read(place, place + DIRECTORY_END_64.length));
    if (record.getUint32(0, true) !== DIRECTORY_END_64.signature) throw fail("the archive's directory is not where its end says");
    count = Number(record.getBigUint64(32, true));
    length = Number(record.getBigUint64(40, true));
    begin = Number(record.getBigUint64(48, true));
    end = place;
  }
  if (begin + length !== end) throw fail(`the archive's directory of ${length} bytes at ${begin} does not end at ${end}, where its end begins`);
  return { count, begin, end };
}

function readEntry(directory: DataView, at: number, fail: Fail): { entry: ZipEntry; next: number } {
  if (at + DIRECTORY_ENTRY.length > directory.byteLength || directory.getUint32(at, true) !== DIRECTORY_ENTRY.signature) {
    throw fail(`the archive's directory has no entry at byte ${at}`);
  }
  const nameEnd = at + DIRECTORY_ENTRY.length + directory.getUint16(at + 28, true);
  const extraEnd = nameEnd + directory.getUint16(at + 30, true);
  const next = extraEnd + directory.getUint16(at + 32, true);
  if (next > directory.byteLength) throw fail("the archive's directory ends inside an entry");
  const nameBegin = at + DIRECTORY_ENTRY.length;
  const name = textOf(new Uint8Array(directory.buffer, directory.byteOffset + nameBegin, nameEnd - nameBegin), fail);
  const problem = (reason: string) => fail(`entry ${JSON.stringify(name.slice(0, 60))}: ${reason}`);

  if (directory.getUint16(at + 8, true) & ENCRYPTED) throw problem("it is encrypted");
  const method = METHODS[directory.getUint16(at + 10, true)];
  if (method === undefined) throw problem(`compression method ${directory.getUint16(at + 10, true)}, known are 0 (stored) and 8 (deflated)`);
  const numbers = { length: directory.getUint32(at + 24, true), packedLength: directory.getUint32(at + 20, true), begin: directory.getUint32(at + 42, true) };
  const wide = extraField(directory, nameEnd, extraEnd);
  for (const field of ["length", "packedLength", "begin"] as const) {
    if (numbers[field] !== ELSEWHERE_32) continue;
    const value = wide.shift();
    if (value === undefined) throw problem("a length of 64 bits is missing");
    numbers[field] = value;
  }
  if (method === "stored" && numbers.length !== numbers.packedLength) throw problem(`${numbers.packedLength} bytes are stored as ${numbers.length}`);
  return { entry: { name, method, checksum: directory.getUint32(at + 16, true), ...numbers }, next };
}

/** The numbers of 64 bits that an entry has beside its fixed fields. */
function extraField(directory: DataView, begin: number, end: number): number[] {
  for (let at = begin; at + 4 <= end; at += 4 + directory.getUint16(at + 2, true)) {
    if (directory.getUint16(at, true) !== EXTRA_64) continue;
    const stop = Math.min(end, at + 4 + directory.getUint16(at + 2, true));
    const numbers: number[] = [];
    for (let place = at + 4; place + 8 <= stop; place += 8) numbers.push(Number(directory.getBigUint64(place, true)));
    return numbers;
  }
  return [];
}
