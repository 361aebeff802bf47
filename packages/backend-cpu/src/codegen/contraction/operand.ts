import type { Contraction, Coordinate, DType, Expr, Operand } from "@gradus/kernel-ir";
import { dtypeInfo, substitute } from "@gradus/kernel-ir";
import type { Code } from "../../assembler/index.js";
import { elementAccess } from "../elements.js";
import type { Emitter } from "../emitter.js";
import { isLiteral, product, total } from "../expressions.js";
import { writePoints } from "../kernel.js";
import type { SpaceAxis } from "../loops.js";
import { axesOf, whereNotEmpty } from "../loops.js";
import { Scope } from "../scope.js";
import { vectorsOf } from "../vector.js";

/**
 * An operand of a contraction as the tiles see it: an address, and for each axis by how many elements a step along it moves.
 * Padding, division and conversions do not fit into that, so an operand that has some is first copied to where it has none:
 * zeros included, in the contraction's own arithmetic. A padded image that is copied once replaces the many copies that "im2col" makes.
 */
export interface OperandView {
  /** A local with the address of the element at position 0 of every axis. */
  readonly base: number;
  /** Elements that a step along an axis moves by. */
  readonly stride: (axis: number) => Expr;
  /** Whether neighbours along an axis are sure to be neighbours in memory. */
  readonly contiguous: (axis: number) => boolean;
  /** The parameter that is read, and locals with the address and the bytes of what is read in its place; null where accesses are not checked. */
  readonly param: number;
  readonly bounds: { readonly start: number; readonly length: number } | null;
  /** Copies what belongs to the current position along the outermost loop; null if nothing is left to copy by then. */
  readonly copySlice: ((scope: Scope) => void) | null;
}

/** Axes of copies are numbered from here on, so that they do not meet those of the contraction. */
const copyAxes = 1000;

/** By how many elements a step along `axis` moves, if nothing is divided. */
export function plainStride(emitter: Emitter, { coordinates }: Operand, axis: number): Expr {
  const b = emitter.builder;
  return total(b, coordinates.flatMap(({ terms, stride }) => terms.filter((term) => term.axis === axis).map(({ scale }) => b.mul(scale, stride))));
}

/**
 * @param firstLoop - The axis of the outermost loop. A copy that can be made anew for each of its positions is made so, and needs
 *   less memory.
 * @param lastAxis - An axis along which the elements of a copy should be neighbours.
 */
export function viewOperand(emitter: Emitter, scope: Scope, contraction: Contraction, operand: Operand, firstLoop: number | null, lastAxis: number | null): OperandView {
  const b = emitter.builder;
  const dtype: DType = contraction.params[operand.param]?.dtype ?? "float32";
  const base = emitter.local("i32");
  const offset = emitter.uniform(b.add(operand.offset, total(b, operand.coordinates.map(({ shift, stride }) => b.mul(shift, stride)))), scope).local;
  const plainBase = (code: Code): void => {
    code.get(emitter.context.pointers[operand.param] ?? 0).get(offset).op("i32.const", elementAccess[dtype].shift).op("i32.shl").op("i32.add").set(base);
  };
  const { pointers, lengths } = emitter.context;
  const plainBounds = lengths === null ? null : { start: pointers[operand.param] ?? 0, length: lengths[operand.param] ?? 0 };
  const always = operand.prologue !== null || dtype !== contraction.dtype || dtype === "bool";
  if (!always && operand.coordinates.every(({ extent }) => extent === null)) {
    scope.statement(plainBase);
    const stride = (axis: number): Expr => plainStride(emitter, operand, axis);
    return { base, stride, param: operand.param, bounds: plainBounds, contiguous: (axis) => isLiteral(stride(axis), 1), copySlice: null };
  }

  const range = ({ terms, shift }: Coordinate): { readonly least: Expr; readonly most: Expr } => {
    const spans = terms.map(({ axis, scale }) => b.mul(scale, b.sub(contraction.axes[axis]?.extent ?? b.int(1), b.int(1))));
    return { least: total(b, [shift, ...spans.map((span) => b.min(span, b.int(0)))]), most: total(b, [shift, ...spans.map((span) => b.max(span, b.int(0)))]) };
  };
  const uses = ({ terms }: Coordinate, axis: number | null): boolean => terms.some((term) => term.axis === axis);
  // A coordinate that follows the first loop alone is left out of the copy, which is then made anew in each round.
  const [only, ...more] = operand.coordinates.filter((coordinate) => uses(coordinate, firstLoop));
  const sliced = more.length === 0 && only?.extent === null && only.terms.length === 1 ? only : null;
  const copied = operand.coordinates.filter((coordinate) => coordinate !== sliced);
  const ordered = [...copied.filter((coordinate) => !uses(coordinate, lastAxis)), ...copied.filter((coordinate) => uses(coordinate, lastAxis))];
  const ranges = ordered.map(range);
  const sizes = ranges.map(({ least, most }) => b.add(b.sub(most, least), b.int(1)));
  const dims = ordered.map((coordinate, i) => ({
    coordinate,
    stride: product(b, sizes.slice(i + 1)),
    least: ranges[i]?.least ?? b.int(0),
    most: ranges[i]?.most ?? b.int(0),
    axis: copyAxes + i,
  }));
  const copyStride = (axis: number): Expr =>
    total(b, dims.flatMap(({ coordinate, stride }) => coordinate.terms.filter((term) => term.axis === axis).map(({ scale }) => b.mul(scale, stride))));

  const outside = dims.flatMap(({ coordinate: { extent, divisor }, least, most }) =>
    extent === null ? [] : [b.lt(least, b.int(0)), b.le(extent, most), b.ne(divisor, b.int(1))],
  );
  const steps = contraction.axes.filter(({ role }) => role === "k").map(({ extent }) => extent);
  const needed = b.and(b.lt(b.int(0), product(b, steps)), always ? b.const(true, "bool") : outside.reduce((any, condition) => b.or(any, condition), b.const(false, "bool")));
  const needs = emitter.uniform(needed, scope).local;

  const copy = emitter.local("i32");
  const shift = vectorsOf[contraction.dtype] === 2 ? 3 : 2;
  const param = emitter.access.add(contraction.dtype === "bool" ? "int32" : contraction.dtype, copy, scope);
  const bytes = emitter.uniform(sizes.reduce<Expr>((all, size) => b.mul(all, b.cast(size, "float64")), b.const(1 << shift, "float64")), scope).local;
  const copyOffset = emitter.uniform(total(b, dims.map(({ coordinate, least, stride }) => b.mul(b.sub(coordinate.shift, least), stride))), scope).local;
  const bounds = plainBounds === null ? null : { start: emitter.local("i32"), length: emitter.local("i32") };
  scope.statement((code) => {
    plainBase(code);
    if (plainBounds !== null && bounds !== null) code.get(plainBounds.start).set(bounds.start).get(plainBounds.length).set(bounds.length);
    code.get(needs).if((inside) => {
      inside.get(bytes).op("call", emitter.context.scratch).tee(copy);
      inside.get(copyOffset).op("i32.const", shift).op("i32.shl").op("i32.add").set(base);
      if (bounds !== null) inside.get(copy).set(bounds.start).get(bytes).op("i32.trunc_sat_f64_s").set(bounds.length);
    });
  });

  const fill = (at: Scope): void => {
    const places = dims.map(({ coordinate, least, axis }) => ({ coordinate, numerator: b.add(b.index(axis), least) }));
    const fixed = sliced === null ? [] : [{ coordinate: sliced, numerator: total(b, [sliced.shift, ...sliced.terms.map(({ axis, scale }) => b.mul(b.index(axis), scale))]) }];
    const value = copiedElement(emitter, contraction, operand, [...fixed, ...places]);
    const index = total(b, dims.map(({ stride, axis }) => b.mul(b.index(axis), stride)));
    const axes: SpaceAxis[] = axesOf(sizes, copyAxes);
    at.statement((code) => code.get(needs).if((inside) => {
      whereNotEmpty(emitter, new Scope(at, inside, { region: true }), sizes, (points) => {
        writePoints(emitter, points, axes, [], [{ over: "outer", param, index, value }]);
      });
    }));
  };
  if (sliced === null) fill(scope);

  const strides = new Map<number, Expr>();
  const stride = (axis: number): Expr => {
    const known = strides.get(axis) ?? strideOf(axis);
    strides.set(axis, known);
    return known;
  };
  const strideOf = (axis: number): Expr => {
    const inCopy = sliced !== null && uses(sliced, axis) ? b.int(0) : copyStride(axis);
    return always ? inCopy : b.select(needed, inCopy, plainStride(emitter, operand, axis));
  };
  const contiguous = (axis: number): boolean => isLiteral(copyStride(axis), 1) && (always || isLiteral(plainStride(emitter, operand, axis), 1));
  return { base, stride, contiguous, param: operand.param, bounds, copySlice: sliced === null ? null : fill };
}

/** An element of a copy, at given numerators of its coordinates: zero outside, converted inside. */
function copiedElement(emitter: Emitter, contraction: Contraction, { param, offset, prologue }: Operand, places: readonly { readonly coordinate: Coordinate; readonly numerator: Expr }[]): Expr {
  const b = emitter.builder;
  const dtype = contraction.params[param]?.dtype ?? "float32";
  let index = offset;
  let inside = b.const(true, "bool");
  for (const { coordinate: { extent, divisor, stride }, numerator } of places) {
    let position = numerator;
    if (extent !== null) {
      if (!isLiteral(divisor, 1)) {
        inside = b.and(inside, b.eq(b.rem(numerator, divisor), b.int(0)));
        position = b.div(numerator, divisor);
      }
      inside = b.and(inside, b.and(b.le(b.int(0), position), b.lt(position, extent)));
    }
    index = b.add(index, b.mul(position, stride));
  }
  const element = b.load(param, dtype, index, { when: inside, otherwise: b.const(0, dtypeInfo[dtype].compute) });
  const applied = prologue === null ? element : substitute(b, prologue, (leaf) => (leaf.op === "element" ? element : null));
  const cast = b.cast(applied, contraction.dtype);
  // A bool is kept as a mask: −1 where it holds.
  const stored = contraction.dtype === "bool" ? b.sub(b.int(0), b.cast(cast, "int32")) : cast;
  return prologue === null ? stored : b.select(inside, stored, b.const(0, stored.dtype));
}
