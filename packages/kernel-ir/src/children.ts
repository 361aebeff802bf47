import type { Expr } from "./expr.js";
import type { Operand, Program, Store } from "./program.js";

const ofStores = (stores: readonly Store[]): Expr[] => stores.flatMap((store) => [store.index, store.value]);

const ofOperand = (operand: Operand): Expr[] => [
  operand.offset,
  ...operand.coordinates.flatMap((c) => [
    ...c.terms.map((term) => term.scale),
    c.shift,
    c.divisor,
    ...(c.extent === null ? [] : [c.extent]),
    c.stride,
  ]),
  ...(operand.prologue === null ? [] : [operand.prologue]),
];

/** The expressions of a program, in a fixed order: what a walk over the whole program starts from. */
export function expressionsOf(program: Program): readonly Expr[] {
  const guards = program.guards.map((guard) => guard.holds);
  switch (program.kind) {
    case "kernel":
      return [
        ...program.outer,
        ...program.inner,
        ...guards,
        ...program.reductions.flatMap((r) => [...r.monoid.identity, ...r.monoid.combine, ...r.lift]),
        ...ofStores(program.stores),
      ];
    case "contraction":
      return [
        ...program.axes.map((axis) => axis.extent),
        ...guards,
        ...ofOperand(program.left),
        ...ofOperand(program.right),
        ...ofStores(program.stores),
      ];
    case "scan":
      return [
        ...program.outer,
        ...program.inner,
        ...guards,
        ...program.monoid.identity,
        ...program.monoid.combine,
        ...program.lift,
        ...ofStores(program.stores),
      ];
    case "scatter": {
      const { index, value, combine, when } = program.target;
      return [...program.outer, ...program.inner, ...guards, index, value, ...(combine === null ? [] : [combine]), ...(when === null ? [] : [when])];
    }
    case "sort":
      return [...program.outer, ...program.inner, ...guards, program.key, ...ofStores(program.stores)];
  }
}
