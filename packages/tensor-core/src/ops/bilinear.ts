import { ShapeError } from "../errors.js";
import { sameShape, showShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { checkProduct, matmul } from "./matmul.js";
import { permute, reshape, unsqueeze } from "./view.js";
import { sum } from "./reduce.js";
import { add, mul } from "./elementwise.js";

/**
 * A form that is linear in two inputs: y[…, o] = Σᵢⱼ x₁[…, i] · w[o, i, j] · x₂[…, j] + b[o].
 *
 * @param input1 - `[…, in1]`.  @param input2 - `[…, in2]`.  @param weight - `[out, in1, in2]`.  @param bias - `[out]`.
 * @throws {ShapeError} if the shapes do not fit.
 * @see torch.nn.functional.bilinear
 */
export function bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  const op = "bilinear";
  for (const x of [input2, weight, ...(bias === null || bias === undefined ? [] : [bias])]) checkProduct(op, input1, x);
  const [out = 0, in1 = 0, in2 = 0] = weight.shape;
  const lead = input1.shape.slice(0, -1);
  if (weight.ndim !== 3 || input1.ndim === 0 || input1.shape.at(-1) !== in1 || input2.shape.at(-1) !== in2 || !sameShape(lead, input2.shape.slice(0, -1))) {
    throw new ShapeError(`${op}: expected inputs […, in1] and […, in2] for a weight [out, in1, in2], got ${showShape(input1.shape)}, ${showShape(input2.shape)} and ${showShape(weight.shape)}`);
  }
  if (bias !== null && bias !== undefined && !sameShape(bias.shape, [out])) throw new ShapeError(`${op}: expected a bias of shape [${String(out)}], got ${showShape(bias.shape)}`);
  const left = matmul(reshape(input1, [-1, in1]), reshape(permute(weight, [1, 0, 2]), [in1, out * in2]));
  const forms = sum(mul(reshape(left, [-1, out, in2]), unsqueeze(reshape(input2, [-1, in2]), 1)), { dim: -1 });
  return reshape(bias === null || bias === undefined ? forms : add(forms, bias), [...lead, out]);
}
