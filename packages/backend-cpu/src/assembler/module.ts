import type { ValueType } from "./code.js";
import { Code, valueTypes } from "./code.js";
import { pushName, pushUnsigned } from "./encoding.js";

/** Pages of 64 KiB in a memory with 32-bit addresses. */
export const mostPages = 65536;

export interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A function that is being written: its body, and the locals that the body asks for. */
export class FunctionBuilder {
  readonly body = new Code();
  readonly #locals: ValueType[] = [];

  constructor(readonly index: number, readonly signature: Signature) {}

  /** A fresh local variable. It starts at zero. */
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.signature.params.length + this.#locals.length - 1;
  }

  /** An entry of the code section, behind its size: neighbours of one type are declared together. */
  bytes(): Uint8Array {
    const groups: { readonly type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = groups.at(-1);
      if (last?.type === type) last.count++;
      else groups.push({ type, count: 1 });
    }
    const head: number[] = [];
    pushUnsigned(head, groups.length);
    for (const { type, count } of groups) {
      pushUnsigned(head, count);
      head.push(valueTypes[type]);
    }
    const size: number[] = [];
    pushUnsigned(size, head.length + this.body.byteLength + 1);
    const out = new Uint8Array(size.length + head.length + this.body.byteLength + 1);
    out.set(size);
    out.set(head, size.length);
    out[this.body.copyTo(out, size.length + head.length)] = end;
    return out;
  }
}

/** What closes a function. */
const end = 0x0b;

interface Import {
  readonly module: string;
  readonly name: string;
  readonly descriptor: readonly number[];
}

/**
 * A module that is being written. Everything imported has to be declared before the first function, because functions are
 * numbered imports first.
 *
 * ```text
 * const module = new ModuleBuilder();
 * const add = module.function({ params: ["i32", "i32"], results: ["i32"] });
 * add.body.get(0).get(1).op("i32.add");
 * module.export("add", add);
 * new WebAssembly.Instance(new WebAssembly.Module(module.bytes())).exports.add(2, 3)   gives   5
 * ```
 */
export class ModuleBuilder {
  readonly #types: string[] = [];
  readonly #typeBytes: (readonly number[])[] = [];
  readonly #imports: Import[] = [];
  readonly #functions: FunctionBuilder[] = [];
  readonly #exports: { readonly name: string; readonly index: number }[] = [];
  #importedFunctions = 0;

  /** The number of a signature; equal ones share it. */
  type({ params, results }: Signature): number {
    const key = `${params.join(" ")} to ${results.join(" ")}`;
    const known = this.#types.indexOf(key);
    if (known >= 0) return known;
    const bytes = [0x60];
    for (const list of [params, results]) {
      pushUnsigned(bytes, list.length);
      for (const type of list) bytes.push(valueTypes[type]);
    }
    this.#typeBytes.push(bytes);
    return this.#types.push(key) - 1;
  }

  /** A function of the host or of another module; gives its number. */
  importFunction(module: string, name: string, signature: Signature): number {
    if (this.#functions.length > 0) throw new Error("internal: imports must be declared before functions");
    const descriptor = [0x00];
    pushUnsigned(descriptor, this.type(signature));
    this.#imports.push({ module, name, descriptor });
    return this.#importedFunctions++;
  }

  /** A memory of at least one page; shared memories must say their largest size. */
  importMemory(module: string, name: string, sharedMaximum: number | null = null): void {
    const descriptor = sharedMaximum === null ? [0x02, 0x00, 1] : [0x02, 0x03, 1];
    if (sharedMaximum !== null) pushUnsigned(descriptor, sharedMaximum);
    this.#imports.push({ module, name, descriptor });
  }

  /** A table of functions of any size. */
  importTable(module: string, name: string): void {
    this.#imports.push({ module, name, descriptor: [0x01, 0x70, 0x00, 0] });
  }

  function(signature: Signature): FunctionBuilder {
    this.type(signature);
    const made = new FunctionBuilder(this.#importedFunctions + this.#functions.length, signature);
    this.#functions.push(made);
    return made;
  }

  export(name: string, { index }: FunctionBuilder): void {
    this.#exports.push({ name, index });
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const parts: ArrayLike<number>[] = [[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]];
    const section = (id: number, entries: readonly ArrayLike<number>[]): void => {
      if (entries.length === 0) return;
      const count: number[] = [];
      pushUnsigned(count, entries.length);
      const head = [id];
      pushUnsigned(head, entries.reduce((sum, entry) => sum + entry.length, count.length));
      parts.push(head, count, ...entries);
    };
    const encoded = (write: (bytes: number[]) => void): number[] => {
      const bytes: number[] = [];
      write(bytes);
      return bytes;
    };
    // Each function's type before the sections are written, so that the type section has them all.
    const types = this.#functions.map(({ signature }) => encoded((bytes) => pushUnsigned(bytes, this.type(signature))));
    section(1, this.#typeBytes);
    section(2, this.#imports.map(({ module, name, descriptor }) => encoded((bytes) => {
      pushName(bytes, module);
      pushName(bytes, name);
      bytes.push(...descriptor);
    })));
    section(3, types);
    section(7, this.#exports.map(({ name, index }) => encoded((bytes) => {
      pushName(bytes, name);
      bytes.push(0x00);
      pushUnsigned(bytes, index);
    })));
    section(10, this.#functions.map((f) => f.bytes()));

    const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}
