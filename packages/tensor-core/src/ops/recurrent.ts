import type { Expr, ExprBuilder } from "@gradus/kernel-ir";
import { dtypeInfo } from "@gradus/kernel-ir";
import { grad } from "../autograd/backward.js";
import { isGradEnabled, noGrad } from "../autograd/mode.js";
import { Saved } from "../autograd/op-node.js";
import { ArgumentError, ShapeError } from "../errors.js";
import type { KernelBody, KernelOperand } from "../kernels/kernel-op.js";
import { KernelOp } from "../kernels/kernel-op.js";
import { emptyLike } from "../kernels/rows.js";
import { showShape } from "../shape.js";
import { checkSameDevice } from "../tensor.js";
import type { Tensor } from "../tensor.js";
import { add, clone, mul, relu, sigmoid, sub, tanh } from "./elementwise.js";
import { logistic } from "./formulas/notation.js";
import { stack, split } from "./join.js";
import { linear, matmul } from "./matmul.js";
import { record, sum } from "./reduce.js";
import { contiguous, reshape, select, squeeze, t, unsqueeze, view } from "./view.js";
import { newZeros } from "../create.js";
import { flip } from "./rearrange.js";

/**
 * Recurrent cells, and layers that run them along a sequence.
 *
 * A cell sees its gates twice: `p`, computed from the input, for all steps in one matrix product before the loop; and `q`, computed from
 * the hidden state, at each step. From gate sums, the hidden state h and (LSTM) the cell state c it makes the next ones. The formulas
 * of a step and of its derivative stand in the table below; each becomes one kernel. A whole layer is one op of the tape, whose
 * backward pass runs the loop the other way and multiplies the weights' gradients at once.
 */

/** What a step sees: its gates and states. */
interface Before {
  readonly p: readonly Expr[];
  readonly q: readonly Expr[];
  readonly h: Expr;
  readonly c: Expr;
}

/** What a step makes, and what its derivative will look at. */
interface After {
  readonly h: Expr;
  readonly c?: Expr;
  readonly saved: readonly Expr[];
}

/** The gradients of a step: of its gates, and what reaches the states before without going through the gates. */
interface Gradients {
  readonly p: readonly Expr[];
  /** The same as `p` unless given. */
  readonly q?: readonly Expr[];
  readonly h?: Expr;
  readonly c?: Expr;
}

interface Cell {
  readonly gates: number;
  /** Whether there is a cell state besides the hidden one. */
  readonly hasCellState: boolean;
  readonly saves: number;
  /** Whether the gradients of q are others than those of p. */
  readonly differs: boolean;
  /** Which states the derivative looks at, besides what was saved. */
  readonly sees: readonly ("h" | "c" | "nextH" | "nextC")[];
  step(k: ExprBuilder, before: Before): After;
  /** `next.c` is the cell state after the step. */
  derivative(k: ExprBuilder, d: { readonly h: Expr; readonly c: Expr }, saved: readonly Expr[], before: { readonly h: Expr; readonly c: Expr }, next: { readonly h: Expr; readonly c: Expr }): Gradients;
  /** The same step in ops that can be differentiated again. */
  compose(p: readonly Tensor[], q: readonly Tensor[], h: Tensor, c: Tensor): { readonly h: Tensor; readonly c: Tensor };
}

const one = (k: ExprBuilder, like: Expr): Expr => k.like(1, like);
/** y (1 − y), the derivative of the logistic function at its value y. */
const logisticSlope = (k: ExprBuilder, y: Expr): Expr => k.mul(y, k.sub(one(k, y), y));
/** 1 − y², the derivative of tanh at its value y. */
const tanhSlope = (k: ExprBuilder, y: Expr): Expr => k.sub(one(k, y), k.mul(y, y));

const cells = {
  // h′ = tanh(p + q)
  rnnTanh: {
    gates: 1, hasCellState: false, saves: 0, differs: false, sees: ["nextH"],
    step: (k, { p, q }) => ({ h: k.tanh(k.add(p[0]!, q[0]!)), saved: [] }),
    derivative: (k, d, _, __, next) => ({ p: [k.mul(d.h, tanhSlope(k, next.h))] }),
    compose: (p, q, _, c) => ({ h: tanh(add(p[0]!, q[0]!)), c }),
  },
  // h′ = max(p + q, 0)
  rnnRelu: {
    gates: 1, hasCellState: false, saves: 0, differs: false, sees: ["nextH"],
    step: (k, { p, q }) => {
      const x = k.add(p[0]!, q[0]!);
      return { h: k.max(x, k.like(0, x)), saved: [] };
    },
    derivative: (k, d, _, __, next) => ({ p: [k.select(k.lt(k.like(0, next.h), next.h), d.h, k.like(0, d.h))] }),
    compose: (p, q, _, c) => ({ h: relu(add(p[0]!, q[0]!)), c }),
  },
  // i, f, o = σ(p + q),  g = tanh(p + q),  c′ = f c + i g,  h′ = o tanh(c′)
  lstm: {
    gates: 4, hasCellState: true, saves: 4, differs: false, sees: ["c", "nextC"],
    step: (k, { p, q, c }) => {
      const sum = (n: number): Expr => k.add(p[n]!, q[n]!);
      const [i, f, g, o] = [logistic(k, sum(0)), logistic(k, sum(1)), k.tanh(sum(2)), logistic(k, sum(3))];
      const next = k.add(k.mul(f, c), k.mul(i, g));
      return { h: k.mul(o, k.tanh(next)), c: next, saved: [i, f, g, o] };
    },
    derivative: (k, d, [i, f, g, o], before, next) => {
      const t = k.tanh(next.c);
      const dc = k.add(d.c, k.mul(k.mul(d.h, o!), tanhSlope(k, t)));
      return {
        p: [
          k.mul(k.mul(dc, g!), logisticSlope(k, i!)),
          k.mul(k.mul(dc, before.c), logisticSlope(k, f!)),
          k.mul(k.mul(dc, i!), tanhSlope(k, g!)),
          k.mul(k.mul(d.h, t), logisticSlope(k, o!)),
        ],
        c: k.mul(dc, f!),
      };
    },
    compose: (p, q, _, c) => {
      const sum = (n: number): Tensor => add(p[n]!, q[n]!);
      const next = add(mul(sigmoid(sum(1)), c), mul(sigmoid(sum(0)), tanh(sum(2))));
      return { h: mul(sigmoid(sum(3)), tanh(next)), c: next };
    },
  },
  // r, z = σ(p + q),  n = tanh(p + r q),  h′ = (1 − z) n + z h
  gru: {
    gates: 3, hasCellState: false, saves: 4, differs: true, sees: ["h"],
    step: (k, { p, q, h }) => {
      const [r, z] = [logistic(k, k.add(p[0]!, q[0]!)), logistic(k, k.add(p[1]!, q[1]!))];
      const n = k.tanh(k.add(p[2]!, k.mul(r, q[2]!)));
      return { h: k.add(n, k.mul(z, k.sub(h, n))), saved: [r, z, n, q[2]!] };
    },
    derivative: (k, d, [r, z, n, q], before) => {
      const dn = k.mul(k.mul(d.h, k.sub(one(k, z!), z!)), tanhSlope(k, n!));
      const dr = k.mul(k.mul(dn, q!), logisticSlope(k, r!));
      const dz = k.mul(k.mul(d.h, k.sub(before.h, n!)), logisticSlope(k, z!));
      return { p: [dr, dz, dn], q: [dr, dz, k.mul(dn, r!)], h: k.mul(d.h, z!) };
    },
    compose: (p, q, h, c) => {
      const [r, z] = [sigmoid(add(p[0]!, q[0]!)), sigmoid(add(p[1]!, q[1]!))];
      const n = tanh(add(p[2]!, mul(r, q[2]!)));
      return { h: add(n, mul(z, sub(h, n))), c };
    },
  },
} satisfies Readonly<Record<string, Cell>>;

export type CellName = keyof typeof cells;

/** A cell's formulas as kernels over [batch, hidden]. */
class CellKernels {
  /** Inputs p, q, h, c; outputs h, c (only LSTM), then what is saved. Scalar: the distance between gates. */
  readonly step: KernelOp;
  /** Inputs dh, dc, h and c before, h and c after, what was saved; outputs the gradients of p, where they differ of q, and what reaches h or c directly. */
  readonly back: KernelOp;

  constructor(readonly name: CellName, readonly cell: Cell) {
    const storeAll = (b: KernelBody, values: readonly (Expr | undefined)[]): void => values.filter((value) => value !== undefined).forEach((value, j) => { b.store(j, value); });
    this.step = new KernelOp({
      name,
      build: (b) => {
        const { k } = b;
        const gatesOf = (i: number): Expr[] => Array.from({ length: cell.gates }, (_, n) => b.inputAt(i, k.mul(b.scalar(0, "int32"), k.int(n))));
        const after = cell.step(k, { p: gatesOf(0), q: gatesOf(1), h: b.input(2), c: b.input(3) });
        storeAll(b, [after.h, after.c, ...after.saved]);
      },
    });
    this.back = new KernelOp({
      name: `${name}Backward`,
      build: (b) => {
        const [dh, dc, h, c, nextH, nextC, ...saved] = Array.from({ length: 6 + cell.saves }, (_, i) => b.input(i)) as [Expr, Expr, Expr, Expr, Expr, Expr, ...Expr[]];
        const gradients = cell.derivative(b.k, { h: dh, c: dc }, saved, { h, c }, { h: nextH, c: nextC });
        storeAll(b, [...gradients.p, ...(gradients.q ?? []), gradients.h, gradients.c]);
      },
    });
  }
}

const kernels = /* @__PURE__ */ kernelsOf(cells);

function kernelsOf(of: typeof cells): Readonly<Record<CellName, CellKernels>> {
  return Object.fromEntries(Object.entries(of).map(([name, cell]) => [name, new CellKernels(name as CellName, cell)])) as Record<CellName, CellKernels>;
}

export interface RecurrentWeights {
  /** `[gates · hidden, hidden]`, and its bias. */
  readonly weightHh: Tensor;
  readonly biasHh?: Tensor | null;
  /** Projection of the hidden state, `[projection, hidden]`: LSTM only. */
  readonly weightHr?: Tensor | null;
}

export interface RecurrentResult {
  /** The hidden state after each step, `[steps, batch, hidden]`. */
  readonly output: Tensor;
  /** The cell state after the last step; of other cells than LSTM an empty one. */
  readonly c: Tensor;
}

/** What the backward pass of a layer looks at: for each step taken, in that order, tensors `[batch, …]`. */
interface Trace {
  /** States before each step, and after the last. */
  readonly h: readonly Tensor[];
  readonly c: readonly Tensor[];
  /** Hidden states before their projection; the next `h` where there is none. */
  readonly hidden: readonly Tensor[];
  /** What was saved, side by side: `[batch, saves · hidden]`. */
  readonly saved: readonly Tensor[];
}

const over = ({ elements, layout }: Tensor, strides: readonly number[], step = 0): KernelOperand => ({ storage: elements, offset: layout.offset + step * (layout.strides[0] ?? 0), strides });

/** Parts of rows, of one size each: what was saved, or the gates. */
const slots = (rows: Tensor, count: number, size: number, strides: readonly number[]): KernelOperand[] =>
  Array.from({ length: count }, (_, n) => ({ storage: rows.elements, offset: rows.layout.offset + n * size, strides }));

/** Step numbers in the order in which they are taken. */
const stepsOf = (count: number, reverse: boolean): number[] => Array.from({ length: count }, (_, i) => (reverse ? count - 1 - i : i));

function run({ cell, step: kernel }: CellKernels, p: Tensor, h0: Tensor, c0: Tensor, { weightHh, biasHh, weightHr = null }: RecurrentWeights, reverse: boolean): Trace {
  const [count, batch, wide] = p.shape as readonly [number, number, number];
  const size = wide / cell.gates;
  const fresh = (): Tensor => emptyLike(p, [batch, size]);
  const [rows, gates] = [[size, 1], [wide, 1]];
  const trace = { h: [h0], c: [c0], hidden: [] as Tensor[], saved: [] as Tensor[] };
  stepsOf(count, reverse).forEach((t, n) => {
    const [h, c] = [trace.h[n]!, trace.c[n]!];
    const next = fresh();
    const nextC = cell.hasCellState ? fresh() : c;
    const saved = emptyLike(p, [batch, cell.saves * size]);
    kernel.run(
      p.device,
      { outer: [batch, size], inner: [] },
      // A cell that does not look at a state is given another operand in its place, so that there is one buffer less.
      [over(p, gates, t), over(linear(h, weightHh, biasHh), gates), over(cell.differs ? h : p, cell.differs ? rows : gates, cell.differs ? 0 : t), over(cell.hasCellState ? c : p, cell.hasCellState ? rows : gates, cell.hasCellState ? 0 : t)],
      [...[next, ...(cell.hasCellState ? [nextC] : [])].map((x) => over(x, rows)), ...slots(saved, cell.saves, size, [cell.saves * size, 1])],
      dtypeInfo[p.dtype].compute,
      [size],
    );
    trace.hidden.push(next);
    trace.saved.push(saved);
    trace.h.push(weightHr === null ? next : linear(next, weightHr));
    trace.c.push(nextC);
  });
  return trace;
}

/** The gradients of p, h₀, c₀ and the weights, from those of the outputs and of the last cell state. */
function runBackward(
  { cell, back }: CellKernels,
  trace: Trace,
  grads: { readonly output: Tensor | null; readonly c: Tensor | null },
  p: Tensor, { weightHh, biasHh, weightHr = null }: RecurrentWeights, reverse: boolean,
): (Tensor | null)[] {
  const [count, batch, wide] = p.shape as readonly [number, number, number];
  const size = wide / cell.gates;
  const { compute } = dtypeInfo[p.dtype];
  const order = stepsOf(count, reverse);
  const zeros = (): Tensor => noGrad(() => newZeros(p, [batch, size]));
  const dP = emptyLike(p, p.shape);
  const dQ = cell.differs ? emptyLike(p, p.shape) : dP;
  const dProjected: Tensor[] = [];
  let dh: Tensor | null = null;
  let dc = grads.c === null ? zeros() : contiguous(grads.c);
  for (let n = count - 1; n >= 0; n--) {
    const t = order[n]!;
    const outer: Tensor | null = grads.output === null ? null : select(grads.output, 0, t);
    let d: Tensor = (outer === null ? dh : dh === null ? outer : add(outer, dh)) ?? newZeros(p, trace.h[0]!.shape);
    if (weightHr !== null) {
      dProjected[n] = d;
      d = matmul(d, weightHr);
    }
    d = contiguous(d);
    // Where a state is not looked at, d stands in its place: one buffer less.
    const states = { h: trace.h[n]!, c: trace.c[n]!, nextH: trace.hidden[n]!, nextC: trace.c[n + 1]! };
    const seen = [d, cell.hasCellState ? dc : d, ...(["h", "c", "nextH", "nextC"] as const).map((name) => (cell.sees.includes(name) ? states[name] : d))];
    const state = cell.hasCellState || cell.differs ? emptyLike(p, [batch, size]) : null;
    back.run(
      p.device,
      { outer: [batch, size], inner: [] },
      [...seen.map((x) => over(x, [size, 1])), ...slots(trace.saved[n]!, cell.saves, size, [cell.saves * size, 1])],
      [...(cell.differs ? [dP, dQ] : [dP]).flatMap((gradient) => slots(select(gradient, 0, t), cell.gates, size, [wide, 1])), ...(state === null ? [] : [over(state, [size, 1])])],
      compute,
      [],
    );
    dh = matmul(select(dQ, 0, t), weightHh);
    if (state === null) continue;
    if (cell.hasCellState) dc = state;
    else dh = add(dh, state);
  }
  const flat = reshape((reverse ? flip(dQ, [0]) : dQ), [count * batch, wide]);
  const rowsOf = (list: readonly Tensor[]): Tensor => reshape(stack(list, 0), [count * batch, -1]);
  return [
    dP,
    dh,
    ...(cell.hasCellState ? [dc] : []),
    matmul(t(flat), rowsOf(trace.h.slice(0, -1))),
    ...((biasHh ?? null) === null ? [] : [sum(flat, { dim: 0 })]),
    ...(weightHr === null ? [] : [matmul(t(rowsOf(dProjected)), rowsOf(trace.hidden))]),
  ];
}

/** The layer in ops that can be differentiated again. */
function compose(cell: Cell, p: Tensor, h0: Tensor, c0: Tensor, { weightHh, biasHh, weightHr }: RecurrentWeights, reverse: boolean): RecurrentResult {
  const count = p.shape[0] ?? 0;
  const size = (p.shape[2] ?? 0) / cell.gates;
  const outputs = new Array<Tensor>(count);
  let [h, c] = [h0, c0];
  for (const t of stepsOf(count, reverse)) {
    const next = cell.compose(split(select(p, 0, t), size, 1), split(linear(h, weightHh, biasHh), size, 1), h, c);
    c = next.c;
    h = weightHr === null || weightHr === undefined ? next.h : linear(next.h, weightHr);
    outputs[t] = h;
  }
  return { output: stack(outputs, 0), c };
}

/**
 * Runs a recurrent cell along a sequence.
 *
 * @param p - The gates' part of the input for all steps, `[steps, batch, gates · hidden]`: `linear(x, weightIh, biasIh)`.
 * @param h0 - The hidden state to start from, `[batch, hidden]`.  @param c0 - The cell state; only LSTM looks at it.
 * @param options - `reverse` begins at the end of the sequence.
 * @see torch.nn.LSTM, torch.nn.GRU, torch.nn.RNN
 */
export function recurrentLayer(name: CellName, p: Tensor, h0: Tensor, c0: Tensor, weights: RecurrentWeights, { reverse = false }: { readonly reverse?: boolean } = {}): RecurrentResult {
  const cell: Cell = cells[name];
  check(name, cell, p, h0, weights);
  const { weightHh, biasHh = null, weightHr = null } = weights;
  const [ownP, ownH, ownC] = [contiguous(p), contiguous(h0), contiguous(c0)];
  const trace = noGrad(() => run(kernels[name], ownP.detach(), ownH.detach(), ownC.detach(), weights, reverse));
  const inTime = reverse ? trace.h.slice(1).reverse() : trace.h.slice(1);
  const output = noGrad(() => stack(inTime, 0));
  const last = cell.hasCellState ? noGrad(() => clone(trace.c.at(-1)!)) : c0;
  const inputs = [ownP, ownH, ...(cell.hasCellState ? [ownC] : []), weightHh, ...(biasHh === null ? [] : [biasHh]), ...(weightHr === null ? [] : [weightHr])];
  record(name, inputs, cell.hasCellState ? [output, last] : [output], () => {
    const values = inputs.map((x) => new Saved(name, x));
    return ([dOutput, dLast], needed) => {
      const [vP, vH, ...rest] = values.map(({ value }) => value) as [Tensor, Tensor, ...Tensor[]];
      const vC = cell.hasCellState ? rest.shift()! : ownC;
      const [w, ...others] = rest as [Tensor, ...Tensor[]];
      const given = { weightHh: w, biasHh: biasHh === null ? null : others.shift()!, weightHr: weightHr === null ? null : others.shift()! };
      if (isGradEnabled()) return recordedGradients(cell, [vP, vH, vC], given, reverse, [dOutput ?? null, dLast ?? null], needed);
      return runBackward(kernels[name], trace, { output: dOutput ?? null, c: dLast ?? null }, vP.detach(), given, reverse);
    };
  });
  return { output, c: last };
}

/** The gradients as differentiable ops, for derivatives of derivatives. */
function recordedGradients(cell: Cell, [p, h, c]: readonly [Tensor, Tensor, Tensor], { weightHh, biasHh, weightHr }: RecurrentWeights, reverse: boolean, grads: readonly (Tensor | null)[], needed: readonly boolean[]): (Tensor | null)[] {
  // Aliases, because one input may have been computed from another, and only what flows directly is asked for here.
  const alias = (t: Tensor): Tensor => view(t, t.shape);
  const [aliasP, aliasH, aliasC, aliasW] = [alias(p), alias(h), alias(c), alias(weightHh)];
  const [aliasB, aliasR] = [biasHh ?? null, weightHr ?? null].map((t) => (t === null ? null : alias(t)));
  const result = compose(cell, aliasP, aliasH, aliasC, { weightHh: aliasW, biasHh: aliasB ?? null, weightHr: aliasR ?? null }, reverse);
  const roots = [result.output, result.c].flatMap((root, i) => (grads[i] === null || grads[i] === undefined || !root.requiresGrad ? [] : [[root, grads[i]] as const]));
  const inputs = [aliasP, aliasH, ...(cell.hasCellState ? [aliasC] : []), aliasW, ...[aliasB, aliasR].filter((t) => t !== null && t !== undefined)];
  const wanted = inputs.filter((t, i) => needed[i] === true && t.requiresGrad);
  const gradients = grad(roots.map(([root]) => root), wanted, { gradOutputs: roots.map(([, g]) => g), createGraph: true, allowUnused: true });
  return inputs.map((t) => gradients[wanted.indexOf(t)] ?? null);
}

function check(op: string, cell: Cell, p: Tensor, h0: Tensor, { weightHh, weightHr = null }: RecurrentWeights): void {
  for (const x of [p, h0, weightHh]) x.checkUsable(op);
  checkSameDevice(op, [p, h0, weightHh]);
  const size = (p.shape[2] ?? 0) / cell.gates;
  const state = weightHr?.shape[0] ?? size;
  if (weightHr !== null && !cell.hasCellState) throw new ArgumentError(`${op}: expected no projection, which only LSTM has`);
  if (p.ndim !== 3 || weightHh.ndim !== 2 || weightHh.shape[0] !== p.shape[2] || weightHh.shape[1] !== state) {
    throw new ShapeError(`${op}: expected gates [steps, batch, ${String(cell.gates)} · hidden] and a weight [${String(cell.gates)} · hidden, state], got ${showShape(p.shape)} and ${showShape(weightHh.shape)}`);
  }
  if (h0.ndim !== 2 || h0.shape[0] !== p.shape[1] || h0.shape[1] !== state) throw new ShapeError(`${op}: expected a hidden state [${String(p.shape[1])}, ${String(state)}], got ${showShape(h0.shape)}`);
}

/** One step of a cell from an input `[batch, in]` and the state before. */
function cellStep(name: CellName, x: Tensor, h: Tensor, c: Tensor, weightIh: Tensor, weightHh: Tensor, biasIh?: Tensor | null, biasHh?: Tensor | null): { readonly h: Tensor; readonly c: Tensor } {
  const result = recurrentLayer(name, unsqueeze(linear(x, weightIh, biasIh), 0), h, c, { weightHh, biasHh: biasHh ?? null });
  return { h: squeeze(result.output, 0), c: result.c };
}

/**
 * One step of a long short-term memory.
 *
 *   i, f, o = σ(Wx + b + Uh + b′),  g = tanh(Wx + b + Uh + b′),  c′ = f c + i g,  h′ = o tanh(c′)
 *
 * @param x - `[batch, in]`.  @param hx - Hidden and cell state, each `[batch, hidden]`.
 * @see torch.nn.LSTMCell; Hochreiter and Schmidhuber, Long short-term memory (1997)
 */
export function lstmCell(x: Tensor, hx: readonly [h: Tensor, c: Tensor], weightIh: Tensor, weightHh: Tensor, biasIh?: Tensor | null, biasHh?: Tensor | null): [h: Tensor, c: Tensor] {
  const { h, c } = cellStep("lstm", x, hx[0], hx[1], weightIh, weightHh, biasIh, biasHh);
  return [h, c];
}

/**
 * One step of a gated recurrent unit.
 *
 *   r, z = σ(Wx + b + Uh + b′),  n = tanh(Wx + b + r (Uh + b′)),  h′ = (1 − z) n + z h
 *
 * @see torch.nn.GRUCell; Cho et al., Learning phrase representations (2014)
 */
export const gruCell = (x: Tensor, hx: Tensor, weightIh: Tensor, weightHh: Tensor, biasIh?: Tensor | null, biasHh?: Tensor | null): Tensor =>
  cellStep("gru", x, hx, hx, weightIh, weightHh, biasIh, biasHh).h;

/** One step of Elman's network: tanh(Wx + b + Uh + b′). @see torch.nn.RNNCell */
export const rnnTanhCell = (x: Tensor, hx: Tensor, weightIh: Tensor, weightHh: Tensor, biasIh?: Tensor | null, biasHh?: Tensor | null): Tensor =>
  cellStep("rnnTanh", x, hx, hx, weightIh, weightHh, biasIh, biasHh).h;

/** One step of Elman's network with rectifiers: max(Wx + b + Uh + b′, 0). @see torch.nn.RNNCell */
export const rnnReluCell = (x: Tensor, hx: Tensor, weightIh: Tensor, weightHh: Tensor, biasIh?: Tensor | null, biasHh?: Tensor | null): Tensor =>
  cellStep("rnnRelu", x, hx, hx, weightIh, weightHh, biasIh, biasHh).h;
