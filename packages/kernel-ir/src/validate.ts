import { expressionsOf } from "./children.js";
import { dtypeInfo } from "./dtype.js";
import { equalExpressions } from "./equality.js";
import type { Expr } from "./expr.js";
import { topological } from "./expr.js";
import type { Monoid, Program, Store } from "./program.js";

/** What a part of a program may refer to. */
interface Scope {
  readonly axes: number;
  /** Types of the reductions that are done, by reduction and slot. */
  readonly results?: readonly (readonly Expr["dtype"][])[];
  readonly sides?: readonly Expr["dtype"][];
  readonly element?: Expr["dtype"];
}

/**
 * Checks that a program is well formed: every reference is defined where it stands and every type fits. A program that
 * fails is a mistake of whoever built it, so the message starts with `internal:`.
 */
export function validateProgram(program: Program): void {
  const fail = (message: string): never => {
    throw new Error(`internal: ${program.kind} ${program.name}: ${message}`);
  };

  const check = (part: string, roots: readonly Expr[], scope: Scope): void => {
    for (const expr of topological(roots)) {
      switch (expr.op) {
        case "scalar": {
          const declared = program.scalars[expr.slot];
          if (declared !== expr.dtype) fail(`${part} uses scalar ${String(expr.slot)} as ${expr.dtype}, declared ${declared ?? "not at all"}`);
          break;
        }
        case "index":
          if (expr.axis >= scope.axes) fail(`${part} uses axis ${String(expr.axis)} of ${String(scope.axes)}`);
          break;
        case "load": {
          const param = program.params[expr.param];
          if (param === undefined) return fail(`${part} loads parameter ${String(expr.param)} of ${String(program.params.length)}`);
          if (param.access === "out") fail(`${part} loads parameter ${String(expr.param)}, which is only written`);
          if (dtypeInfo[param.dtype].compute !== expr.dtype) fail(`${part} loads ${param.dtype} as ${expr.dtype}`);
          const [index, when] = expr.args;
          if (index.dtype !== "int32") fail(`${part} loads at an index of ${index.dtype}`);
          if (when !== undefined && when.dtype !== "bool") fail(`${part} loads on a condition of ${when.dtype}`);
          break;
        }
        case "result": {
          const dtype = scope.results?.[expr.reduction]?.[expr.slot];
          if (dtype !== expr.dtype) fail(`${part} uses result ${String(expr.reduction)}.${String(expr.slot)} as ${expr.dtype}, which is ${dtype ?? "not defined there"}`);
          break;
        }
        case "left":
        case "right":
          if (scope.sides?.[expr.slot] !== expr.dtype) fail(`${part} uses ${expr.op}${String(expr.slot)} as ${expr.dtype}, which is ${scope.sides?.[expr.slot] ?? "not defined there"}`);
          break;
        case "element":
          if (scope.element !== expr.dtype) fail(`${part} uses the element as ${expr.dtype}, which is ${scope.element ?? "not defined there"}`);
          break;
        default:
          break;
      }
    }
  };

  const checkExtents = (extents: readonly Expr[]): void => {
    for (const extent of extents) {
      if ((extent.op !== "const" && extent.op !== "scalar") || extent.dtype !== "int32") fail("extents are int32 literals or scalar arguments");
    }
    check("an extent", extents, { axes: 0 });
  };

  const written = new Set<number>();
  const checkStored = (param: number, value: Expr): void => {
    const target = program.params[param];
    if (target === undefined || target.access === "in") return fail(`a store writes parameter ${String(param)}, which is ${target === undefined ? "not declared" : "only read"}`);
    if (dtypeInfo[target.dtype].compute !== value.dtype) fail(`a store writes ${value.dtype} to parameter ${String(param)} of ${target.dtype}`);
    written.add(param);
  };
  const checkStores = (stores: readonly Store[], outer: Scope, inner: Scope | null): void => {
    for (const store of stores) {
      const scope = store.over === "outer" ? outer : inner;
      if (scope === null) return fail("a store over inner needs an inner space");
      check("a store", [store.index, store.value], scope);
      if (store.index.dtype !== "int32") fail(`a store has an index of ${store.index.dtype}`);
      checkStored(store.param, store.value);
    }
  };

  const checkMonoid = (monoid: Monoid, lift: readonly Expr[], scope: Scope): readonly Expr["dtype"][] => {
    const types = monoid.identity.map((e) => e.dtype);
    const same = (list: readonly Expr[]): boolean => list.length === types.length && list.every((e, i) => e.dtype === types[i]);
    if (types.length === 0 || !same(lift) || !same(monoid.combine)) fail("identity, lift and combine of a reduction must agree in number and types");
    check("an identity", monoid.identity, { axes: 0 });
    check("a combination", monoid.combine, { axes: 0, sides: types });
    check("a lift", lift, scope);
    return types;
  };

  for (const guard of program.guards) if (guard.holds.dtype !== "bool") fail("a guard must be bool");

  if (program.kind === "contraction") {
    checkExtents(program.axes.map((axis) => axis.extent));
    const axes = program.axes.length;
    for (const [side, operand, absent] of [["left", program.left, "n"], ["right", program.right, "m"]] as const) {
      const param = program.params[operand.param];
      if (param === undefined || param.access !== "in") return fail(`the ${side} operand must be an in parameter`);
      const coordinates = operand.coordinates.flatMap((c) => [c.shift, c.divisor, c.stride, ...(c.extent === null ? [] : [c.extent]), ...c.terms.map((t) => t.scale)]);
      check(`the ${side} operand`, [operand.offset, ...coordinates], { axes: 0 });
      if ([operand.offset, ...coordinates].some((expr) => expr.dtype !== "int32")) fail(`places of the ${side} operand are int32`);
      if (operand.coordinates.some(({ extent, divisor }) => extent === null && !(divisor.op === "const" && divisor.value === 1))) {
        fail(`a coordinate of the ${side} operand has a divisor and no extent`);
      }
      for (const { axis } of operand.coordinates.flatMap((c) => c.terms)) {
        const role = program.axes[axis]?.role;
        if (role === undefined || role === absent) fail(`the ${side} operand does not range over axis ${String(axis)} (${role ?? "not declared"})`);
      }
      if (operand.prologue !== null) check(`the ${side} prologue`, [operand.prologue], { axes: 0, element: dtypeInfo[param.dtype].compute });
    }
    const scope = { axes, results: [[program.dtype]] };
    check("a guard", program.guards.map((guard) => guard.holds), { axes });
    if (program.guards.some((guard) => guard.over === "inner")) fail("guards of a contraction are over outer");
    checkStores(program.stores, scope, null);
    for (const expr of topological([...program.guards.map((guard) => guard.holds), ...program.stores.flatMap((store) => [store.index, store.value])])) {
      if (expr.op === "index" && program.axes[expr.axis]?.role === "k") fail(`axis ${String(expr.axis)} is referred to where it is summed away`);
    }
  } else {
    checkExtents([...program.outer, ...program.inner]);
    const outerAxes = program.outer.length;
    const axes = outerAxes + program.inner.length;
    for (const guard of program.guards) {
      if (guard.over === "inner" && program.inner.length === 0) fail("a guard over inner needs an inner space");
      check("a guard", [guard.holds], { axes: guard.over === "outer" ? outerAxes : axes });
    }
    const hasInner = program.inner.length > 0;
    switch (program.kind) {
      case "kernel": {
        const results: (readonly Expr["dtype"][])[] = [];
        for (const reduction of program.reductions) {
          if (!hasInner) fail("a reduction needs an inner space");
          results.push(checkMonoid(reduction.monoid, reduction.lift, { axes, results: [...results] }));
        }
        checkStores(program.stores, { axes: outerAxes, results }, hasInner ? { axes, results } : null);
        break;
      }
      case "scan": {
        const types = checkMonoid(program.monoid, program.lift, { axes });
        if (program.stores.some((store) => store.over === "outer")) fail("stores of a scan are over inner");
        checkStores(program.stores, { axes: outerAxes }, hasInner ? { axes, results: [types] } : null);
        break;
      }
      case "scatter": {
        const { param, index, value, combine, when } = program.target;
        check("the target", [index, value, ...(when === null ? [] : [when])], { axes });
        if (index.dtype !== "int32") fail(`the target has an index of ${index.dtype}`);
        if (when !== null && when.dtype !== "bool") fail(`the target is written on a condition of ${when.dtype}`);
        if (combine !== null) check("the combination", [combine], { axes: 0, sides: [value.dtype] });
        if (combine !== null && combine.dtype !== value.dtype) fail(`a combination gives ${combine.dtype} for ${value.dtype}`);
        if (combine !== null && program.params[param]?.access === "out") fail(`a combination reads parameter ${String(param)}, which is only written`);
        checkStored(param, value);
        break;
      }
      case "sort":
        if (program.inner.length !== 1) fail("a sort runs along one inner axis");
        check("the key", [program.key], { axes });
        if (program.stores.some((store) => store.over === "outer")) fail("stores of a sort are over inner");
        checkStores(program.stores, { axes: outerAxes }, { axes, results: [[program.key.dtype, "int32"]] });
        break;
    }
  }
  // What a parameter held is read only where it is replaced, so that the order of points does not matter. (A scatter has one.)
  if (program.kind !== "scatter") {
    const { stores } = program;
    for (const expr of topological(expressionsOf(program))) {
      if (expr.op !== "load" || program.params[expr.param]?.access !== "inout") continue;
      const isReplaced = stores.some(({ param, index }) => param === expr.param && equalExpressions(index, expr.args[0]));
      if (!isReplaced) fail(`parameter ${String(expr.param)} is loaded at an element that the same point does not store`);
    }
  }
  program.params.forEach((param, i) => {
    if (param.access !== "in" && !written.has(i)) fail(`parameter ${String(i)} is declared ${param.access} and never written`);
  });
}
