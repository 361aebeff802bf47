import type { Expr } from "./expr.js";
import type { Monoid, Operand, Program, Store } from "./program.js";

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

type Map = (expr: Expr) => Expr;

const mapStores = (stores: readonly Store[], map: Map): Store[] =>
  stores.map((store) => ({ ...store, index: map(store.index), value: map(store.value) }));

const mapMonoid = (monoid: Monoid, map: Map): Monoid => ({ identity: monoid.identity.map(map), combine: monoid.combine.map(map) });

const mapOperand = (operand: Operand, map: Map): Operand => ({
  ...operand,
  offset: map(operand.offset),
  coordinates: operand.coordinates.map((c) => ({
    terms: c.terms.map((term) => ({ axis: term.axis, scale: map(term.scale) })),
    shift: map(c.shift),
    divisor: map(c.divisor),
    extent: c.extent === null ? null : map(c.extent),
    stride: map(c.stride),
  })),
  prologue: operand.prologue === null ? null : map(operand.prologue),
});

/** The same program with every expression that `expressionsOf` lists replaced by what `replace` makes of it. */
export function mapExpressions(program: Program, replace: (expr: Expr) => Expr): Program {
  // As a callback of Array.map, `replace` would also be handed positions.
  const map: Map = (expr) => replace(expr);
  const guards = program.guards.map((guard) => ({ ...guard, holds: map(guard.holds) }));
  if (program.kind === "contraction") {
    return {
      ...program,
      guards,
      axes: program.axes.map((axis) => ({ role: axis.role, extent: map(axis.extent) })),
      left: mapOperand(program.left, map),
      right: mapOperand(program.right, map),
      stores: mapStores(program.stores, map),
    };
  }
  const space = { guards, outer: program.outer.map(map), inner: program.inner.map(map) };
  switch (program.kind) {
    case "kernel": {
      const reductions = program.reductions.map((r) => ({ ...r, monoid: mapMonoid(r.monoid, map), lift: r.lift.map(map) }));
      return { ...program, ...space, reductions, stores: mapStores(program.stores, map) };
    }
    case "scan":
      return { ...program, ...space, monoid: mapMonoid(program.monoid, map), lift: program.lift.map(map), stores: mapStores(program.stores, map) };
    case "scatter": {
      const { param, index, value, combine, when } = program.target;
      const target = {
        param,
        index: map(index),
        value: map(value),
        combine: combine === null ? null : map(combine),
        when: when === null ? null : map(when),
      };
      return { ...program, ...space, target };
    }
    case "sort":
      return { ...program, ...space, key: map(program.key), stores: mapStores(program.stores, map) };
  }
}
