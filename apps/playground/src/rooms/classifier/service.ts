/** A perceptron that a person moves: its points, and what two weights and a bias make of them. */
import { pointDatasets } from "@gradus/datasets";
import { Scalar } from "@gradus/scalar-autodiff";
import { BORDER, type State } from "./fields.js";

const RESOLUTION = 32;

export interface PointResult {
  readonly x1: number;
  readonly x2: number;
  readonly target: number;
  /** w₁x₁ + w₂x₂ + b, with the sign that it should have counted as positive. */
  readonly margin: number;
  /** −log of the probability that the point is given. */
  readonly loss: number;
}

export interface Evaluation {
  readonly points: readonly PointResult[];
  /** 2p − 1 over the unit square and its border, from the upper left. */
  readonly field: Float32Array;
  readonly resolution: number;
  /** The mean of the losses. */
  readonly loss: number;
  readonly right: number;
  /** How the loss changes with each of the three numbers. */
  readonly gradient: { readonly w1: number; readonly w2: number; readonly bias: number };
}

export const service = {
  evaluate({ dataset, points: count, seed, ...start }: State): Evaluation {
    const { X, y } = pointDatasets[dataset](count, { seed });
    const [w1, w2, bias] = [new Scalar(start.w1), new Scalar(start.w2), new Scalar(start.bias)];
    const losses: Scalar[] = [];
    const points = X.map(([x1, x2], i): PointResult => {
      const target = y[i]!;
      const sum = w1.mul(x1).add(w2.mul(x2)).add(bias);
      const margin = target === 1 ? sum : sum.neg();
      // −log σ(m), by the formula of the two that does not overflow.
      const loss = margin.data >= 0 ? margin.neg().exp().add(1).log() : margin.exp().add(1).log().sub(margin);
      losses.push(loss);
      return { x1, x2, target, margin: margin.data, loss: loss.data };
    });
    const loss = losses.reduce((a, b) => a.add(b)).div(losses.length);
    loss.backward();
    const at = (k: number): number => ((k + 0.5) / RESOLUTION) * (1 + 2 * BORDER) - BORDER;
    const field = Float32Array.from({ length: RESOLUTION ** 2 }, (_, i) => {
      const sum = start.w1 * at(i % RESOLUTION) + start.w2 * (1 - at(Math.floor(i / RESOLUTION))) + start.bias;
      return Math.tanh(sum / 2);
    });
    return {
      points,
      field,
      resolution: RESOLUTION,
      loss: loss.data,
      right: points.filter(({ margin }) => margin > 0).length,
      gradient: { w1: w1.derivative ?? 0, w2: w2.derivative ?? 0, bias: bias.derivative ?? 0 },
    };
  },
};
