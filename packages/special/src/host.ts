import { AutogradError, broadcastTensors, canReadAtOnce, DeviceError, DTypeError, Function, resultType, Tensor, tensor } from "@gradus/tensor-core";
import type { FunctionContext, Operand } from "@gradus/tensor-core";

/** ∂f/∂argᵢ of all arguments, to be multiplied with the gradient. Null where it is not known. */
type Derivative<Args extends readonly Operand[]> = ((...args: Args) => Tensor) | null;

/**
 * A function that is too rare for a formula on every device: computed on the host, in float64, and rounded once.
 *
 * @param f - Of the numbers at one place, after broadcasting.
 * @returns a function of tensors and numbers, which gives a floating tensor.
 */
export function hostFunction<Args extends readonly Operand[]>(name: string, f: (...numbers: number[]) => number, derivatives: readonly Derivative<Args>[]): (...args: Args) => Tensor {
  class OnHost extends Function {
    static forward(ctx: FunctionContext, ...args: Args): Tensor {
      ctx.saveForBackward(...args.map((arg) => (arg instanceof Tensor ? arg : null)));
      ctx.args = args.map((arg) => (arg instanceof Tensor ? null : arg));
      return compute(name, f, args);
    }

    static backward(ctx: FunctionContext, g: Tensor): (Tensor | null)[] {
      const numbers = ctx.args as readonly Operand[];
      const args = ctx.savedTensors.map((saved: Tensor | null, i) => saved ?? numbers[i]!) as unknown as Args;
      return ctx.needsInputGrad.map((needed, i) => {
        if (!needed) return null;
        const derivative = derivatives[i] ?? null;
        if (derivative === null) throw new AutogradError(`${name}: the derivative with respect to argument ${i + 1} is not known; detach() it`);
        return g.mul(derivative(...args));
      });
    }
  }
  Object.defineProperty(OnHost, "name", { value: name });
  return (...args) => OnHost.apply(...args);
}

function compute(name: string, f: (...numbers: number[]) => number, args: readonly Operand[]): Tensor {
  const tensors = args.filter((arg) => arg instanceof Tensor) as Tensor[];
  const [first] = tensors;
  if (first === undefined) throw new DTypeError(`${name}: expected a tensor among its arguments, got ${args.map(String).join(", ")}`);
  const { device } = first;
  for (const x of tensors) if (x.device !== device) throw new DeviceError(`${name}: expected all tensors to be on the same device, found ${device.name} and ${x.device.name}; move one with .to(device)`);
  if (!canReadAtOnce(device)) throw new DeviceError(`${name}: device "${device.name}" cannot read at once, which a function of the host needs; use \`await awaitReads(() => …)\``);
  const promoted = resultType(...args);
  const dtype = promoted.startsWith("float") || promoted === "bfloat16" ? promoted : "float32";
  const placed = broadcastTensors(tensors.map((x) => x.detach()));
  const { shape } = placed[0]!;
  const columns = args.map((arg) => (arg instanceof Tensor ? placed[tensors.indexOf(arg)]!.contiguous().readSync() : null));
  const values = Float64Array.from({ length: placed[0]!.numel() }, (_, i) => f(...columns.map((column, j) => Number(column === null ? args[j] : column[i]))));
  return tensor(values, { dtype, shape, device });
}
