import type { Contraction, Expr, Operand } from "@gradus/kernel-ir";
import { ExprBuilder, strideAlong } from "@gradus/kernel-ir";
import { arithmetic, valueType } from "./arithmetic.js";
import type { Block } from "./block.js";
import { readOperand, storePoint } from "./contraction.js";
import type { Digit } from "./digits.js";
import { bindDigits, pointCount } from "./digits.js";
import { call } from "./text.js";
import type { ValueOf } from "./variants.js";
import { tileSide } from "./variants.js";

// A tile of the result is computed by a workgroup, 4 × 4 points by each invocation. All m axes together are the rows of a matrix, all n axes
// its columns, all k axes the depth: so a convolution is tiled like a product, without a copy of its windows. Step by step along the depth,
// the invocations bring a slice of both operands into the workgroup's memory, where each element then serves 64 products.

/** Points along one side that an invocation computes, and those that it brings: a vector. */
const each = 4;
/** Invocations along one side of a tile, and the depth of a slice. */
const side = tileSide / each;
/** Vectors between two depths of a slice. One more than needed, so that neighbouring depths lie in different banks of the memory. */
const pitch = side + 1;
const components = ["x", "y", "z", "w"] as const;

export const tileInvocations = side * side;

type Role = Contraction["axes"][number]["role"];

const axesWith = (contraction: Contraction, wanted: Role): readonly Digit[] => contraction.axes.flatMap(({ role, extent }, axis) => (role === wanted ? [{ axis, extent }] : []));

/** How many tiles a product has. */
export function tilesOf(contraction: Contraction, valueOf: ValueOf): number {
  const count = (role: Role): number => axesWith(contraction, role).reduce((product, { extent }) => product * valueOf(extent), 1);
  return count("batch") * Math.ceil(count("m") / tileSide) * Math.ceil(count("n") / tileSide);
}

/** Writes the work of one tile; returns the declarations that it needs. */
export function writeTiledContraction(block: Block, contraction: Contraction): readonly string[] {
  const build = new ExprBuilder();
  const type = arithmetic(contraction.dtype);
  const vector = `vec4<${valueType[type]}>`;
  const [batch, m, n, k] = (["batch", "m", "n", "k"] as const).map((role) => axesWith(contraction, role)) as [readonly Digit[], readonly Digit[], readonly Digit[], readonly Digit[]];

  // Which tile this is.
  const [rows, columns, depth] = [m, n, k].map((axes) => block.name(pointCount(block, axes))) as [string, string, string];
  const [down, across] = [rows, columns].map((points) => block.name(`(${points} + ${String(tileSide - 1)}u) / ${String(tileSide)}u`)) as [string, string];
  block.line(`if (group >= ${[down, across, ...(batch.length > 0 ? [pointCount(block, batch)] : [])].join(" * ")}) { return; }`);
  block.line(`let first_column = group % ${across} * ${String(tileSide)}u;`);
  block.line(`let first_row = group / ${across} % ${down} * ${String(tileSide)}u;`);
  bindDigits(block, `(group / (${across} * ${down}))`, batch);
  block.line(`let high = lane / ${String(side)}u;`);
  block.line(`let low = lane % ${String(side)}u;`);

  // Every use of a row, a column or a depth has a copy of the axes of its own, numbered beyond the program's.
  let copies = 0;
  const copy = (where: Block, axes: readonly Digit[], number: string, label: string): ((axis: number) => Expr) => {
    const first = contraction.axes.length * ++copies;
    bindDigits(where, number, axes.map((digit) => ({ ...digit, axis: first + digit.axis })), (axis) => `${label}_${String(axis - first)}`);
    const own = new Set(axes.map(({ axis }) => axis));
    return (axis) => build.index(own.has(axis) ? first + axis : axis);
  };
  const four = (axes: readonly Digit[], first: string, label: string): ((axis: number) => Expr)[] => {
    block.line(`let ${label} = ${first} * ${String(each)}u;`);
    return components.map((component, i) => copy(block, axes, `(${label} + ${String(i)}u)`, `${label}_${component}`));
  };

  /** Prepares the reading of one operand; returns how to write it for one slice. */
  const bring = (label: "left" | "right", operand: Operand, axes: readonly Digit[], begin: string): ((body: Block) => void) => {
    // Neighbouring invocations should read neighbouring elements: along the depth, or along rows or columns.
    const alongDepth = k.length > 0 && isContiguous(build, contraction, operand, k.at(-1)!.axis);
    const [at, deep] = alongDepth ? ["high", "low"] : ["low", "high"];
    const places = four(axes, `(${begin} / ${String(each)}u + ${at})`, `${label}_place`);
    return (body) => {
      body.line(`let ${label}_depth = begin + ${deep};`);
      const depthOf = copy(body, k, `${label}_depth`, `${label}_depth`);
      const isDepth = new Set(k.map(({ axis }) => axis));
      const elements = body.values(places.map((indexOf) => build.cast(readOperand(build, contraction, operand, (axis) => (isDepth.has(axis) ? depthOf(axis) : indexOf(axis))), type)));
      body.line(`${label}_tile[${deep} * ${String(pitch)}u + ${at}] = select(${vector}(), ${vector}(${elements.join(", ")}), ${label}_depth < ${depth});`);
    };
  };
  const [bringLeft, bringRight] = [bring("left", contraction.left, m, "first_row"), bring("right", contraction.right, n, "first_column")];

  const sums = components.map((_, i) => `sum${String(i)}`);
  for (const sum of sums) block.line(`var ${sum} = ${vector}(${type === "float32" ? call("rounded", "0.0") : "0"});`);
  block.nest(`for (var begin = 0u; begin < ${depth}; begin += ${String(side)}u)`, (body) => {
    bringLeft(body);
    bringRight(body);
    body.line("workgroupBarrier();");
    body.nest(`for (var slice = 0u; slice < ${String(side * pitch)}u; slice += ${String(pitch)}u)`, (step) => {
      step.line("let left = left_tile[slice + high];");
      step.line("let right = right_tile[slice + low];");
      sums.forEach((sum, i) => step.line(`${sum} = ${sum} + left.${components[i] ?? ""} * right;`));
    });
    body.line("workgroupBarrier();");
  });

  const [storedRows, storedColumns] = [four(m, `(first_row / ${String(each)}u + high)`, "row"), four(n, `(first_column / ${String(each)}u + low)`, "column")];
  const isRow = new Set(m.map(({ axis }) => axis));
  storedRows.forEach((rowOf, i) => {
    storedColumns.forEach((columnOf, j) => {
      storePoint(block, build, contraction, {
        slot: i * each + j,
        sum: `${sums[i] ?? ""}.${components[j] ?? ""}`,
        indexOf: (axis) => (isRow.has(axis) ? rowOf(axis) : columnOf(axis)),
        inside: `row + ${String(i)}u < ${rows} && column + ${String(j)}u < ${columns}`,
      });
    });
  });
  return ["left", "right"].map((label) => `var<workgroup> ${label}_tile: array<${vector}, ${String(side * pitch)}>;`);
}

/** Whether neighbours along an axis are neighbours in memory. */
function isContiguous(build: ExprBuilder, contraction: Contraction, { coordinates }: Operand, axis: number): boolean {
  const steps = coordinates.map(({ terms, stride, divisor }) =>
    terms.filter((term) => term.axis === axis).map(({ scale }) => strideAlong(build, build.mul(build.mul(build.index(axis), scale), build.div(stride, divisor)), axis)),
  ).flat();
  return contraction.axes.length > 0 && steps.length === 1 && steps[0]?.op === "const" && steps[0].value === 1;
}
