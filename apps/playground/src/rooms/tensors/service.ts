/** Views and broadcasts, asked of real tensors: what they say is what the library does. */
import { cpu } from "@gradus/backend-cpu";
import { arange, scope, setDefaultDevice, type Tensor, zeros } from "@gradus/tensor-core";
import { MOST_ELEMENTS } from "./fields.js";

setDefaultDevice(cpu());

/** A tensor as it lies in its storage. */
export interface LaidOut {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly contiguous: boolean;
  /** Where each element stands in the storage, row after row. */
  readonly positions: readonly number[];
  readonly values: readonly number[];
}

export interface Stage {
  /** The call that led here; empty for the tensor at the beginning. */
  readonly call: string;
  readonly tensor: LaidOut;
  readonly storage: readonly number[];
  /** Whether the elements are those of the stage before, or copies of them. */
  readonly shared: boolean;
}

export interface Chain {
  readonly stages: readonly Stage[];
  /** Why it went no further. */
  readonly problem: string | null;
}

/** What may be called, with whole numbers as arguments. */
const methods: Readonly<Record<string, (x: Tensor, args: number[]) => Tensor>> = {
  transpose: (x, [a, b]) => x.transpose(a!, b!),
  t: (x) => x.t(),
  permute: (x, dims) => x.permute(dims),
  expand: (x, shape) => x.expand(shape),
  slice: (x, [dim, start, end, step]) => x.slice(dim ?? 0, start, end, step),
  narrow: (x, [dim, start, length]) => x.narrow(dim!, start!, length!),
  select: (x, [dim, at]) => x.select(dim!, at!),
  unsqueeze: (x, [dim]) => x.unsqueeze(dim!),
  squeeze: (x, [dim]) => x.squeeze(dim),
  view: (x, shape) => x.view(shape),
  reshape: (x, shape) => x.reshape(shape),
  flatten: (x, [from, to]) => x.flatten(from, to),
  contiguous: (x) => x.contiguous(),
  flip: (x, dims) => x.flip(dims),
};

/** How many arguments a call needs at least; the others take what they are given. */
const needed: Readonly<Record<string, number>> = { transpose: 2, narrow: 3, select: 2, unsqueeze: 1, permute: 1, expand: 1, view: 1, reshape: 1, flip: 1 };

const CALL = /^\s*\.\s*([A-Za-z]+)\s*\(\s*((?:-?\d+\s*(?:,\s*-?\d+\s*)*)?)\)/;

function positionsOf({ layout: { shape, strides, offset } }: Tensor): number[] {
  let positions = [offset];
  shape.forEach((size, d) => (positions = positions.flatMap((position) => Array.from({ length: size }, (_, i) => position + i * strides[d]!))));
  return positions;
}

const laidOut = (x: Tensor): LaidOut => ({
  shape: x.shape,
  strides: x.layout.strides,
  offset: x.layout.offset,
  contiguous: x.layout.isContiguous,
  positions: positionsOf(x),
  values: Array.from(x.readSync(), Number),
});

/** All that lies in the storage of a tensor. */
const storageOf = (x: Tensor, elements: number): number[] => Array.from(x.asStrided([elements], [1], 0).readSync(), Number);

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const service = {
  chain(shape: readonly number[], calls: string): Chain {
    return scope(() => {
      const count = shape.reduce((a, b) => a * b, 1);
      if (count > MOST_ELEMENTS) return { stages: [], problem: `expected at most ${MOST_ELEMENTS} elements, which can be drawn, got ${count}; choose smaller sizes` };
      let x: Tensor = arange(count, { dtype: "float32" }).reshape(shape);
      let elements = count;
      const stages: Stage[] = [{ call: "", tensor: laidOut(x), storage: storageOf(x, elements), shared: false }];
      for (let rest = calls; rest.trim() !== ""; ) {
        const match = CALL.exec(rest);
        if (match === null) return { stages, problem: `expected a call such as .transpose(0, 1), found “${rest.trim()}”` };
        const [call, name, list] = match as unknown as [string, string, string];
        const args = list.trim() === "" ? [] : list.split(",").map(Number);
        const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
        if (method === undefined) return { stages, problem: `expected one of ${Object.keys(methods).join(", ")}, found “${name}”` };
        if (args.length < (needed[name] ?? 0)) return { stages, problem: `${name}: expected ${needed[name]!} ${needed[name] === 1 ? "number" : "numbers"} or more, got ${args.length}` };
        try {
          const next = method(x, args);
          if (next.numel() > MOST_ELEMENTS) return { stages, problem: `expected at most ${MOST_ELEMENTS} elements, which can be drawn, got ${next.numel()}` };
          const shared = next.elements === x.elements;
          if (!shared) elements = next.numel();
          x = next;
          stages.push({ call: call.trim(), tensor: laidOut(x), storage: storageOf(x, elements), shared });
        } catch (error) {
          return { stages, problem: message(error) };
        }
        rest = rest.slice(call.length);
      }
      return { stages, problem: null };
    });
  },

  broadcast(a: readonly number[], b: readonly number[]): { readonly shape: readonly number[]; readonly a: readonly number[]; readonly b: readonly number[] } | { readonly problem: string } {
    return scope(() => {
      const [x, y] = [zeros(a), zeros(b)];
      try {
        const sum = x.add(y);
        if (sum.numel() > MOST_ELEMENTS) return { problem: `expected at most ${MOST_ELEMENTS} elements, which can be drawn, got ${sum.numel()}; choose smaller sizes` };
        return { shape: sum.shape, a: positionsOf(x.expand(sum.shape)), b: positionsOf(y.expand(sum.shape)) };
      } catch (error) {
        return { problem: message(error) };
      }
    });
  },
};
