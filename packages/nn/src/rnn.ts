import type { CellName, Options, RecurrentWeights, Tensor } from "@gradus/tensor-core";
import {
  ArgumentError, cat, dropout, empty, gruCell, joinOptions, linear, lstmCell, optionsOf, recurrentLayer, rnnReluCell, rnnTanhCell, ShapeError, stack,
} from "@gradus/tensor-core";
import { factory, FactoryOptions } from "./factory.js";
import * as init from "./init.js";
import { PackedSequence, rowsOf } from "./packed-sequence.js";
import { pythonArguments } from "./python-text.js";
import type { Printable } from "./python-text.js";
import { Module, Parameter } from "./tensor-module.js";

export const RecurrentOptions = /* @__PURE__ */ joinOptions(class {
  /** Layers on top of one another: each reads what the one below gives. */
  readonly numLayers?: number;
  readonly bias?: boolean;
  /** Input and output are `[batch, steps, …]` and not `[steps, batch, …]`. States are the same either way. */
  readonly batchFirst?: boolean;
  /** Dropout between layers. */
  readonly dropout?: number;
  /** A second set of weights reads the sequence from its end; outputs stand side by side. */
  readonly bidirectional?: boolean;
}, FactoryOptions);
export type RecurrentOptions = Options<typeof RecurrentOptions>;

export const LstmOptions = /* @__PURE__ */ joinOptions(RecurrentOptions, class {
  /** Size that the hidden state is projected to; 0 for none. */
  readonly projSize?: number;
});
export type LstmOptions = Options<typeof LstmOptions>;

export const RnnOptions = /* @__PURE__ */ joinOptions(RecurrentOptions, class {
  readonly nonlinearity?: "tanh" | "relu";
});
export type RnnOptions = Options<typeof RnnOptions>;

/** Rows of weights for each hidden element. */
const gatesOf: Readonly<Record<CellName, number>> = { rnnTanh: 1, rnnRelu: 1, gru: 3, lstm: 4 };

/** A sequence, or several of different lengths. */
type Sequences = Tensor | PackedSequence;
/** What comes out is of the kind that went in. */
type OutputOf<X extends Sequences> = X extends PackedSequence ? PackedSequence : Tensor;

/** The states after the last step: of LSTM hidden and cell states, each `[layers · directions, batch, size]`. */
interface States<Output extends Sequences> {
  readonly output: Output;
  readonly h: Tensor;
  readonly c: Tensor;
}

/** Steps that equally many sequences have, and where they stand in packed data. */
interface Stretch {
  readonly firstRow: number;
  readonly steps: number;
  readonly batch: number;
}

/** One layer in one direction, from the inputs' part of its gates. */
type OverTime = (gates: Tensor, h: Tensor, c: Tensor, weights: RecurrentWeights, reverse: boolean) => States<Tensor>;

/** Cuts packed data where sequences end. */
function stretchesOf(batchSizes: readonly number[]): Stretch[] {
  const stretches: Stretch[] = [];
  let firstRow = 0;
  for (let step = 0; step < batchSizes.length; ) {
    const batch = batchSizes[step]!;
    const steps = batchSizes.filter((size) => size === batch).length;
    stretches.push({ firstRow, steps, batch });
    firstRow += steps * batch;
    step += steps;
  }
  return stretches;
}

/**
 * Runs a layer over packed data, stretch by stretch. Going forward, sequences that end leave their states behind; going backward, those that
 * begin (at their ends) join with their first ones.
 */
function overStretches(
  stretches: readonly Stretch[],
  gates: Tensor,
  h0: Tensor,
  c0: Tensor,
  reverse: boolean,
  run: (gates: Tensor, h: Tensor, c: Tensor) => { readonly output: Tensor; readonly c: Tensor },
): States<Tensor> {
  const outputs: Tensor[] = [];
  const ended: { readonly h: Tensor; readonly c: Tensor }[] = [];
  let [h, c] = reverse ? [h0.narrow(0, 0, 0), c0.narrow(0, 0, 0)] : [h0, c0];
  for (const { firstRow, steps, batch } of reverse ? stretches.toReversed() : stretches) {
    const running = h.shape[0]!;
    if (batch < running) {
      ended.unshift({ h: h.narrow(0, batch, running - batch), c: c.narrow(0, batch, running - batch) });
      [h, c] = [h.narrow(0, 0, batch), c.narrow(0, 0, batch)];
    } else if (batch > running) {
      [h, c] = [cat([h, h0.narrow(0, running, batch - running)], 0), cat([c, c0.narrow(0, running, batch - running)], 0)];
    }
    const result = run(gates.narrow(0, firstRow, steps * batch).unflatten(0, [steps, batch]), h, c);
    outputs.push(result.output.flatten(0, 1));
    [h, c] = [result.output.select(0, reverse ? 0 : -1), result.c];
  }
  const states = [{ h, c }, ...ended];
  return { output: cat(reverse ? outputs.toReversed() : outputs, 0), h: cat(states.map((state) => state.h), 0), c: cat(states.map((state) => state.c), 0) };
}

/** What recurrent layers of all cells have in common. */
abstract class Recurrent extends Module {
  readonly numLayers: number;
  readonly biased: boolean;
  readonly batchFirst: boolean;
  readonly dropout: number;
  readonly bidirectional: boolean;
  readonly projSize: number;

  protected constructor(
    protected readonly cell: CellName,
    readonly inputSize: number,
    readonly hiddenSize: number,
    { numLayers = 1, bias = true, batchFirst = false, dropout: p = 0, bidirectional = false, projSize = 0, ...rest }: LstmOptions,
  ) {
    super();
    const name = this.constructor.name;
    if (!(p >= 0 && p <= 1)) throw new ArgumentError(`${name}: expected dropout between 0 and 1, got ${p}`);
    if (!(projSize >= 0 && projSize < Math.max(hiddenSize, 1))) throw new ArgumentError(`${name}: expected a projSize from 0 to below the hiddenSize ${hiddenSize}, got ${projSize}`);
    this.numLayers = numLayers;
    this.biased = bias;
    this.batchFirst = batchFirst;
    this.dropout = p;
    this.bidirectional = bidirectional;
    this.projSize = projSize;
    const rows = gatesOf[cell] * hiddenSize;
    const add = (weight: string, shape: readonly number[]): void => void this.registerParameter(weight, new Parameter(empty(shape, factory(rest))));
    for (const { layer, suffix } of this.directions()) {
      add(`weight_ih_${suffix}`, [rows, layer === 0 ? inputSize : this.stateSize * this.ways]);
      add(`weight_hh_${suffix}`, [rows, this.stateSize]);
      if (bias) for (const side of ["ih", "hh"]) add(`bias_${side}_${suffix}`, [rows]);
      if (projSize > 0) add(`weight_hr_${suffix}`, [projSize, hiddenSize]);
    }
    this.resetParameters();
  }

  protected get stateSize(): number {
    return this.projSize > 0 ? this.projSize : this.hiddenSize;
  }

  protected get ways(): number {
    return this.bidirectional ? 2 : 1;
  }

  /** Every layer in each of its directions, in the order of states and weights. */
  protected directions(): { readonly layer: number; readonly reverse: boolean; readonly suffix: string }[] {
    return Array.from({ length: this.numLayers * this.ways }, (_, i) => {
      const [layer, reverse] = [Math.floor(i / this.ways), i % this.ways === 1];
      return { layer, reverse, suffix: `l${layer}${reverse ? "_reverse" : ""}` };
    });
  }

  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0;
    for (const parameter of this.parameters()) init.uniform_(parameter, -bound, bound);
  }

  /** Runs all layers; states start at zero unless given. */
  protected run<X extends Sequences>(input: X, h0: Tensor | null, c0: Tensor | null): States<OutputOf<X>> {
    return (input instanceof PackedSequence ? this.runPacked(input, h0, c0) : this.runPlain(input, h0, c0)) as States<OutputOf<X>>;
  }

  private runPlain(input: Tensor, h0: Tensor | null, c0: Tensor | null): States<Tensor> {
    const isBatch = input.ndim === 3;
    if (input.ndim !== 2 && !isBatch) throw new ShapeError(`${this.constructor.name}: expected a sequence of 2 dimensions, or 3 with a batch, got shape [${input.shape.join(", ")}]`);
    const sequence = !isBatch ? input.unsqueeze(1) : this.batchFirst ? input.transpose(0, 1) : input;
    const given = (state: Tensor | null): Tensor | null => (isBatch ? state : (state?.unsqueeze(1) ?? null));
    const { output, h, c } = this.runLayers(sequence, sequence.shape[1]!, given(h0), given(c0), (gates, from, fromC, weights, reverse) => {
      const result = recurrentLayer(this.cell, gates, from, fromC, weights, { reverse });
      return { ...result, h: result.output.select(0, reverse ? 0 : -1) };
    });
    const ordered = !isBatch ? output.squeeze(1) : this.batchFirst ? output.transpose(0, 1) : output;
    return { output: ordered, h: isBatch ? h : h.squeeze(1), c: isBatch ? c : c.squeeze(1) };
  }

  private runPacked({ data, batchSizes, sortedIndices, unsortedIndices }: PackedSequence, h0: Tensor | null, c0: Tensor | null): States<PackedSequence> {
    if (data.ndim !== 2) throw new ShapeError(`${this.constructor.name}: expected packed data of 2 dimensions, got shape [${data.shape.join(", ")}]`);
    const stretches = stretchesOf(batchSizes);
    const reordered = <T extends Tensor | null>(state: T, order: readonly number[] | null): T => (state === null || order === null ? state : (rowsOf(state.transpose(0, 1), order).transpose(0, 1) as T));
    const { output, h, c } = this.runLayers(data, batchSizes[0] ?? 0, reordered(h0, sortedIndices), reordered(c0, sortedIndices), (gates, from, fromC, weights, reverse) =>
      overStretches(stretches, gates, from, fromC, reverse, (part, partH, partC) => recurrentLayer(this.cell, part, partH, partC, weights, { reverse })),
    );
    return { output: new PackedSequence(output, batchSizes, sortedIndices), h: reordered(h, unsortedIndices), c: reordered(c, unsortedIndices) };
  }

  /**
   * Layer by layer, each direction: the inputs' part of the gates, then `overTime`, which gives the states after every step and after the last.
   *
   * @param sequence - The input, features last.
   */
  private runLayers(sequence: Tensor, batch: number, h0: Tensor | null, c0: Tensor | null, overTime: OverTime): States<Tensor> {
    const name = this.constructor.name;
    if (sequence.shape.at(-1) !== this.inputSize) throw new ShapeError(`${name}: expected inputs of size ${this.inputSize}, got shape [${sequence.shape.join(", ")}]`);
    const state = (given: Tensor | null, size: number): Tensor => {
      const shape = [this.numLayers * this.ways, batch, size];
      if (given === null) return sequence.newZeros(shape);
      if (given.shape.join() !== shape.join()) throw new ShapeError(`${name}: expected a state of shape [${shape.join(", ")}], got [${given.shape.join(", ")}]`);
      return given;
    };
    const [h, c] = [state(h0, this.stateSize), state(c0, this.hiddenSize)];
    const weights = this as unknown as Readonly<Record<string, Tensor | undefined>>;
    const last: States<Tensor>[] = [];
    let layerInput = sequence;
    let outputs: Tensor[] = [];
    for (const [i, { layer, reverse, suffix }] of this.directions().entries()) {
      if (layer > 0 && !reverse) layerInput = dropout(cat(outputs, -1), this.dropout, this.training);
      if (!reverse) outputs = [];
      const gates = linear(layerInput, weights[`weight_ih_${suffix}`]!, weights[`bias_ih_${suffix}`] ?? null);
      const recurrent = { weightHh: weights[`weight_hh_${suffix}`]!, biasHh: weights[`bias_hh_${suffix}`] ?? null, weightHr: weights[`weight_hr_${suffix}`] ?? null };
      const result = overTime(gates, h.select(0, i), c.select(0, i), recurrent, reverse);
      outputs.push(result.output);
      last.push(result);
    }
    return { output: cat(outputs, -1), h: stack(last.map((result) => result.h), 0), c: stack(last.map((result) => result.c), 0) };
  }

  override extraRepr(): string {
    const { inputSize, hiddenSize, projSize, numLayers, biased, batchFirst, dropout: p, bidirectional } = this;
    const special: Record<string, Printable> = {
      ...(projSize !== 0 && { proj_size: projSize }),
      ...(numLayers !== 1 && { num_layers: numLayers }),
      ...(!biased && { bias: false }),
      ...(batchFirst && { batch_first: true }),
      ...(p !== 0 && { dropout: p }),
      ...(bidirectional && { bidirectional: true }),
    };
    return [`${inputSize}, ${hiddenSize}`, ...(Object.keys(special).length > 0 ? [pythonArguments(special)] : [])].join(", ");
  }
}

/** One state: Elman's network and the gated recurrent unit. */
abstract class OneState extends Recurrent {
  /**
   * @param x - `[steps, batch, in]`, `[batch, steps, in]` with `batchFirst`, `[steps, in]` without a batch, or a packed sequence.
   * @param hx - The states to start from, `[layers · directions, batch, hidden]`; zeros unless given.
   * @returns The hidden states after all steps, and those of all layers after the last.
   */
  forward<X extends Sequences>(x: X, hx: Tensor | null = null): [output: OutputOf<X>, hn: Tensor] {
    const { output, h } = this.run(x, hx, null);
    return [output, h];
  }
}

/**
 * Elman's recurrent network: h′ = tanh(W x + b + U h + b′), or with rectifiers.
 *
 * @see torch.nn.RNN
 * @example
 * const [output, hn] = new RNN(4, 3).call(ones([5, 2, 4]));
 * [output.shape, hn.shape]; // [[5, 2, 3], [1, 2, 3]]
 */
export class RNN extends OneState {
  constructor(inputSize: number, hiddenSize: number, options?: RnnOptions) {
    const { nonlinearity = "tanh", ...rest } = optionsOf(new.target.name, RnnOptions, options);
    super(cellOf("RNN", nonlinearity), inputSize, hiddenSize, rest);
  }
}

/** The gated recurrent unit; the formula stands at `gruCell`. @see torch.nn.GRU; Cho et al., Learning phrase representations (2014) */
export class GRU extends OneState {
  constructor(inputSize: number, hiddenSize: number, options?: RecurrentOptions) {
    super("gru", inputSize, hiddenSize, optionsOf(new.target.name, RecurrentOptions, options));
  }
}

/**
 * Long short-term memory; the formula stands at `lstmCell`.
 *
 * Weights are `weight_ih_l0` `[4 · hidden, in]`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, then those of the other direction
 * (`…_l0_reverse`) and of higher layers; all start from U(−1/√hidden, 1/√hidden).
 *
 * @see torch.nn.LSTM; Hochreiter and Schmidhuber, Long short-term memory (1997)
 * @example
 * const lstm = new LSTM(4, 3, { bidirectional: true, batchFirst: true });
 * const [output, [hn, cn]] = lstm.call(ones([2, 5, 4]));
 * [output.shape, hn.shape, cn.shape]; // [[2, 5, 6], [2, 2, 3], [2, 2, 3]]
 * console.log(lstm); // LSTM(4, 3, batch_first=True, bidirectional=True)
 */
export class LSTM extends Recurrent {
  constructor(inputSize: number, hiddenSize: number, options?: LstmOptions) {
    super("lstm", inputSize, hiddenSize, optionsOf(new.target.name, LstmOptions, options));
  }

  /**
   * @param x - `[steps, batch, in]`, `[batch, steps, in]` with `batchFirst`, `[steps, in]` without a batch, or a packed sequence.
   * @param hx - Hidden and cell states to start from, each `[layers · directions, batch, …]`; zeros unless given.
   * @returns The hidden states after all steps, and hidden and cell states of all layers after the last.
   */
  forward<X extends Sequences>(x: X, hx: readonly [h: Tensor, c: Tensor] | null = null): [output: OutputOf<X>, states: [hn: Tensor, cn: Tensor]] {
    const { output, h, c } = this.run(x, hx?.[0] ?? null, hx?.[1] ?? null);
    return [output, [h, c]];
  }
}

function cellOf(name: string, nonlinearity: string): "rnnTanh" | "rnnRelu" {
  if (nonlinearity === "tanh") return "rnnTanh";
  if (nonlinearity === "relu") return "rnnRelu";
  throw new ArgumentError(`${name}: expected nonlinearity "tanh" or "relu", got "${nonlinearity}"`);
}

export const CellOptions = /* @__PURE__ */ joinOptions(class {
  readonly bias?: boolean;
}, FactoryOptions);
export type CellOptions = Options<typeof CellOptions>;

const RnnCellOptions = /* @__PURE__ */ joinOptions(CellOptions, class {
  readonly nonlinearity?: "tanh" | "relu";
});
type RnnCellOptions = Options<typeof RnnCellOptions>;

/** What single steps have in common. Inputs are `[batch, in]`, or `[in]` without a batch. */
abstract class RecurrentCell extends Module {
  readonly weight_ih: Parameter;
  readonly weight_hh: Parameter;
  readonly bias_ih: Parameter | null;
  readonly bias_hh: Parameter | null;

  protected constructor(
    gates: number,
    readonly inputSize: number,
    readonly hiddenSize: number,
    { bias = true, ...rest }: CellOptions,
  ) {
    super();
    const make = (...shape: number[]): Parameter => new Parameter(empty(shape, factory(rest)));
    this.weight_ih = make(gates * hiddenSize, inputSize);
    this.weight_hh = make(gates * hiddenSize, hiddenSize);
    this.bias_ih = bias ? make(gates * hiddenSize) : null;
    this.bias_hh = bias ? make(gates * hiddenSize) : null;
    this.resetParameters();
  }

  resetParameters(): void {
    const bound = this.hiddenSize > 0 ? 1 / Math.sqrt(this.hiddenSize) : 0;
    for (const parameter of this.parameters()) init.uniform_(parameter, -bound, bound);
  }

  /** Adds a batch of one where there is none, and takes it away from the results. */
  protected batched<R extends readonly Tensor[]>(x: Tensor, states: readonly (Tensor | null)[], step: (x: Tensor, states: readonly Tensor[]) => R): R {
    if (x.ndim !== 1 && x.ndim !== 2) throw new ShapeError(`${this.constructor.name}: expected an input of 1 or 2 dimensions, got shape [${x.shape.join(", ")}]`);
    const isBatch = x.ndim === 2;
    const input = isBatch ? x : x.unsqueeze(0);
    const given = states.map((state) => (state === null ? input.newZeros([input.shape[0]!, this.hiddenSize]) : isBatch ? state : state.unsqueeze(0)));
    const results = step(input, given);
    return isBatch ? results : (results.map((result) => result.squeeze(0)) as unknown as R);
  }

  protected get weights(): readonly [Tensor, Tensor, Tensor | null, Tensor | null] {
    return [this.weight_ih, this.weight_hh, this.bias_ih, this.bias_hh];
  }

  override extraRepr(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.bias_ih === null ? ", bias=False" : ""}`;
  }
}

/** One step of Elman's network. @see RNN, torch.nn.RNNCell */
export class RNNCell extends RecurrentCell {
  readonly nonlinearity: "tanh" | "relu";

  constructor(inputSize: number, hiddenSize: number, options?: RnnCellOptions) {
    const { nonlinearity = "tanh", ...rest } = optionsOf(new.target.name, RnnCellOptions, options);
    cellOf("RNNCell", nonlinearity);
    super(1, inputSize, hiddenSize, rest);
    this.nonlinearity = nonlinearity;
  }

  forward(x: Tensor, hx: Tensor | null = null): Tensor {
    const cell = this.nonlinearity === "tanh" ? rnnTanhCell : rnnReluCell;
    return this.batched(x, [hx], (input, [h]) => [cell(input, h!, ...this.weights)] as const)[0];
  }

  override extraRepr(): string {
    return super.extraRepr() + (this.nonlinearity === "tanh" ? "" : `, nonlinearity=${this.nonlinearity}`);
  }
}

/**
 * One step of a long short-term memory.
 *
 * @see LSTM, torch.nn.LSTMCell
 * @example
 * const cell = new LSTMCell(4, 3);
 * let state = cell.call(ones([2, 4]));
 * state = cell.call(ones([2, 4]), state);
 * state.map(({ shape }) => shape); // [[2, 3], [2, 3]]
 */
export class LSTMCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options?: CellOptions) {
    super(4, inputSize, hiddenSize, optionsOf(new.target.name, CellOptions, options));
  }

  forward(x: Tensor, hx: readonly [h: Tensor, c: Tensor] | null = null): [h: Tensor, c: Tensor] {
    return this.batched(x, hx ?? [null, null], (input, [h, c]) => lstmCell(input, [h!, c!], ...this.weights));
  }
}

/** One step of a gated recurrent unit. @see GRU, torch.nn.GRUCell */
export class GRUCell extends RecurrentCell {
  constructor(inputSize: number, hiddenSize: number, options?: CellOptions) {
    super(3, inputSize, hiddenSize, optionsOf(new.target.name, CellOptions, options));
  }

  forward(x: Tensor, hx: Tensor | null = null): Tensor {
    return this.batched(x, [hx], (input, [h]) => [gruCell(input, h!, ...this.weights)] as const)[0];
  }
}
