import { finfo, iinfo, noGrad, Tensor } from "@gradus/tensor-core";
import type { Module } from "./module.js";

/** A layer as a call has seen it. */
export interface SummaryRow {
  /** Path in the tree; the network's own is empty. */
  readonly path: string;
  /** Class of the layer. */
  readonly layer: string;
  /** Shapes of the tensors that the call gave. */
  readonly outputShapes: readonly (readonly number[])[];
  /** Parameters of the layer itself, without those of layers below it. */
  readonly parameters: number;
  /** Bytes of the tensors that the call gave. */
  readonly outputBytes: number;
}

/** What a network consists of. `String(summary)`, and what `console.log` shows, is a table. */
export class Summary {
  constructor(
    /** In the order of the tree; a layer that is called several times shows its last result. */
    readonly rows: readonly SummaryRow[],
    /** All parameters, shared ones once. */
    readonly parameters: number,
    readonly trainableParameters: number,
    /** Bytes of parameters and buffers. */
    readonly parameterBytes: number,
    /** Bytes of what the layers without layers below them gave: what a training step keeps, roughly. */
    readonly outputBytes: number,
  ) {}

  toString(): string {
    const shapes = (row: SummaryRow): string => row.outputShapes.map((shape) => `[${shape.join(", ")}]`).join(", ");
    const depth = (path: string): number => (path === "" ? 0 : path.split(".").length);
    const cells = [
      ["Layer", "Output", "Parameters"],
      ...this.rows.map((row) => [`${"  ".repeat(depth(row.path))}${row.path === "" ? row.layer : `${row.path.slice(row.path.lastIndexOf(".") + 1)}: ${row.layer}`}`, shapes(row), row.parameters === 0 ? "–" : grouped(row.parameters)]),
    ];
    const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
    const lines = cells.map(([layer, output, parameters]) => `${layer!.padEnd(widths[0]!)}  ${output!.padEnd(widths[1]!)}  ${parameters!.padStart(widths[2]!)}`.trimEnd());
    const rule = "─".repeat(widths[0]! + widths[1]! + widths[2]! + 4);
    return [
      lines[0], rule, ...lines.slice(1), rule,
      `Parameters: ${grouped(this.parameters)} (${grouped(this.trainableParameters)} trainable), ${mebibytes(this.parameterBytes)}`,
      `Outputs: ${mebibytes(this.outputBytes)}`,
    ].join("\n");
  }

  /** What Node's `console.log` shows. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, " ");
const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

const elementBytes = ({ dtype }: Tensor): number => (dtype === "bool" ? 1 : ((dtype.includes("float") ? finfo(dtype) : iinfo(dtype)).bits / 8));
const bytesOf = (tensors: readonly Tensor[]): number => tensors.reduce((sum, x) => sum + x.numel() * elementBytes(x), 0);

/** Calls a module once, without recording and as in evaluation, and notes what every layer gives: the call leaves nothing behind. */
export function summarize(module: Module<Tensor>, args: readonly unknown[]): Summary {
  const seen = new Map<Module, { readonly shapes: readonly (readonly number[])[]; readonly bytes: number }>();
  const removers = module.modules().map((layer) =>
    layer.registerForwardHook((_: unknown, __: unknown, output: unknown) => {
      const tensors = tensorsIn(output);
      seen.set(layer, { shapes: tensors.map(({ shape }) => shape), bytes: bytesOf(tensors) });
      return undefined;
    }),
  );
  const modes = module.modules().map((layer) => [layer, layer.training] as const);
  module.eval();
  try {
    // Handed on, because noGrad refuses a promise: layers that wait for values would be noted when nobody looks any more.
    noGrad(() => (module.call as (...all: readonly unknown[]) => unknown)(...args));
  } finally {
    for (const [layer, training] of modes) layer.training = training;
    for (const remove of removers) remove();
  }
  const count = (leaves: readonly Tensor[]): number => leaves.reduce((sum, leaf) => sum + leaf.numel(), 0);
  const own = (layer: Module<Tensor>): number => count(layer.namedParameters().flatMap(([path, leaf]) => (path.includes(".") ? [] : [leaf])));
  const rows = module.namedModules().map(([path, layer]): SummaryRow => ({
    path, layer: layer.constructor.name, outputShapes: seen.get(layer)?.shapes ?? [], parameters: own(layer), outputBytes: seen.get(layer)?.bytes ?? 0,
  }));
  const parameters = module.parameters();
  const leafLayers = module.modules().filter((layer) => layer.children().length === 0);
  return new Summary(
    rows,
    count(parameters),
    count(parameters.filter(({ requiresGrad }) => requiresGrad)),
    bytesOf([...parameters, ...module.buffers()]),
    leafLayers.reduce((sum, layer) => sum + (seen.get(layer)?.bytes ?? 0), 0),
  );
}

/** The tensors in a result: itself, or in arrays and objects. */
function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value as Tensor];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}
