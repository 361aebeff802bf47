import type { Monoid } from "@gradus/kernel-ir";
import { arithmetic, fromWord, toWord, valueType } from "./arithmetic.js";
import type { ShaderContext } from "./block.js";
import { Block } from "./block.js";
import { bare, call, indent } from "./text.js";

/** The values of a monoid in WGSL: a plain value where it has one component, else a struct. */
export interface Tuple {
  /** Its WGSL type. */
  readonly type: string;
  /** Declarations that the shader needs: the struct and the function `combine`. */
  readonly declarations: readonly string[];
  readonly make: (components: readonly string[]) => string;
  /** Where a reduction starts: the identity, of which the compiler must not know that it changes nothing. */
  readonly identity: (block: Block) => string;
  readonly component: (tuple: string, slot: number) => string;
  /** Its components as words of scratch memory, and back, where `place` gives the word of a slot. */
  readonly toWords: (tuple: string) => readonly string[];
  readonly fromWords: (place: (slot: number) => string) => string;
  readonly combine: (left: string, right: string) => string;
}

/** @param number - Tells the monoids of one shader apart. */
export function declareTuple(monoid: Monoid, number: number, context: ShaderContext): Tuple {
  const suffix = String(number);
  const arithmetics = monoid.identity.map(({ dtype }) => arithmetic(dtype));
  const types = arithmetics.map((type) => valueType[type]);
  const single = types.length === 1 ? types[0] : undefined;
  const type = single ?? `Tuple${suffix}`;
  const make = (components: readonly string[]): string => (single === undefined ? call(type, ...components) : bare(components[0] ?? ""));
  const component = (tuple: string, slot: number): string => (single === undefined ? `${tuple}.v${String(slot)}` : tuple);

  const body = Block.root(context);
  types.forEach((_, slot) => {
    body.bindSide("left", slot, component("left", slot));
    body.bindSide("right", slot, component("right", slot));
  });
  const combined = make(body.values(monoid.combine));
  body.line(`return ${combined};`);
  const struct = `struct ${type} {\n${types.map((t, slot) => `  v${String(slot)}: ${t},`).join("\n")}\n}`;
  const combine = `fn combine${suffix}(left: ${type}, right: ${type}) -> ${type} {\n${indent(body.toString())}\n}`;
  const identity = (block: Block): string =>
    make(monoid.identity.map((expr) => (expr.dtype === "float32" ? call("rounded", block.value(expr)) : block.value(expr))));
  return {
    type,
    identity,
    declarations: single === undefined ? [struct, combine] : [combine],
    make,
    component,
    toWords: (tuple) => arithmetics.map((type, slot) => toWord[type](component(tuple, slot))),
    fromWords: (place) => make(arithmetics.map((type, slot) => fromWord[type](place(slot)))),
    combine: (left, right) => call(`combine${suffix}`, left, right),
  };
}
