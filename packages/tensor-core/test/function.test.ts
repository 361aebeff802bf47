import { AutogradError, Function, type FunctionContext, grad, gradcheck, gradgradcheck, noGrad, ones, ShapeError, tensor, type Tensor, zeros } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { leaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice();

/** eˣ, by what it returned. */
class Exp extends Function {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    const y = x.exp();
    ctx.saveForBackward(y);
    return y;
  }
  static backward(ctx: FunctionContext, g: Tensor): Tensor {
    return g.mul(ctx.savedTensors[0]!);
  }
}

/** a·b + n, whose backward notes what it was asked for. */
class Scaled extends Function {
  static asked: (readonly boolean[])[] = [];
  static forward(ctx: FunctionContext, a: Tensor, b: Tensor, n: number): Tensor {
    ctx.saveForBackward(a, b);
    ctx.n = n;
    return a.mul(b).add(n);
  }
  static backward(ctx: FunctionContext, g: Tensor): (Tensor | null)[] {
    Scaled.asked.push(ctx.needsInputGrad);
    const [a, b] = ctx.savedTensors as [Tensor, Tensor];
    return [ctx.needsInputGrad[0] === true ? g.mul(b) : null, ctx.needsInputGrad[1] === true ? g.mul(a) : null, null];
  }
}

/** The largest element and where it is. */
class Largest extends Function {
  static forward(ctx: FunctionContext, x: Tensor): readonly [Tensor, Tensor, Tensor] {
    const { values, indices } = x.max({ dim: 0 });
    const position = indices.to("float64");
    ctx.saveForBackward(indices);
    ctx.markNonDifferentiable(position);
    ctx.length = x.length;
    return [values, indices, position];
  }
  static backward(ctx: FunctionContext, g: Tensor): Tensor {
    return zeros([ctx.length as number], { dtype: "float64" }).scatterAdd(0, ctx.savedTensors[0]!.view(1), g.view(1));
  }
}

describe("custom functions", () => {
  it("pass gradcheck to the second order", async () => {
    await gradcheck((x) => Exp.apply(x), [leaf([2, 3])]);
    await gradgradcheck((x) => Exp.apply(x), [leaf([2, 3])]);
    await gradcheck((a, b) => Scaled.apply(a, b, 3), [leaf([3]), leaf([3], 2)]);
    await gradgradcheck((a, b) => Scaled.apply(a, b, 3), [leaf([3]), leaf([3], 2)]);
    await gradcheck((x) => Largest.apply(x)[0], [leaf([4])]);
  });

  it("know which gradients are needed, when they are recorded and when they are asked for", () => {
    const [a, b] = [leaf([2]), leaf([2], 2)];
    Scaled.asked = [];
    Scaled.apply(a, b.detach(), 1).sum().backward();
    const y = Scaled.apply(a, b, 1).sum();
    grad(y, [b], { retainGraph: true });
    y.backward();
    expect(Scaled.asked).toEqual([[true, false, false], [false, true, false], [true, true, false]]);
  });

  it("record nothing in forward, and nothing at all where no gradient is needed", () => {
    const y = Exp.apply(ones([2]));
    expect([y.requiresGrad, y.gradFn]).toEqual([false, null]);
    expect(noGrad(() => Exp.apply(leaf([2]))).requiresGrad).toBe(false);
    expect(Exp.apply(leaf([2])).gradFn?.name).toBe("Exp");
  });

  it("mark results that are constants; integers are so by themselves", () => {
    const [values, indices, position] = Largest.apply(leaf([4]));
    expect([values.requiresGrad, indices.requiresGrad, position.requiresGrad]).toEqual([true, false, false]);
  });

  it("are given zeros for results without a gradient, or null if they ask for it", async () => {
    const seen: (Tensor | null)[] = [];
    const two = (materialize: boolean): { apply: (x: Tensor) => readonly [Tensor, Tensor] } =>
      class Two extends Function {
        static forward(ctx: FunctionContext, x: Tensor): readonly [Tensor, Tensor] {
          ctx.setMaterializeGrads(materialize);
          return [x.mul(2), x.mul(3)];
        }
        static backward(_ctx: FunctionContext, g: Tensor, h: Tensor | null): Tensor {
          seen.push(h);
          return g.mul(2);
        }
      };
    const x = leaf([2]);
    two(true).apply(x)[0].sum().backward();
    two(false).apply(x)[0].sum().backward();
    expect(await seen[0]!.toArray()).toEqual([0, 0]);
    expect(seen[1]).toBeNull();
  });

  it("may return an argument: the result is another tensor with the same elements, which is not to be written to", async () => {
    class Reversal extends Function {
      static forward(_ctx: FunctionContext, x: Tensor): Tensor {
        return x;
      }
      static backward(_ctx: FunctionContext, g: Tensor): Tensor {
        return g.neg();
      }
    }
    const x = tensor([1, 2], { requiresGrad: true });
    const y = Reversal.apply(x);
    expect(y).not.toBe(x);
    expect(y.storage()).toBe(x.storage());
    y.view(2, 1).sum().backward();
    expect(await x.grad!.toArray()).toEqual([-1, -1]);
    expect(() => Reversal.apply(x.mul(1)).add_(x)).toThrow("add_: expected a tensor whose history can take this write, got a view that was made where nothing is recorded (noGrad, or a custom Function)");
    const constant = ones([1]);
    expect(Reversal.apply(constant)).not.toBe(constant);
  });

  it("may write over an argument that they mark", async () => {
    class Double extends Function {
      static forward(ctx: FunctionContext, x: Tensor): Tensor {
        ctx.markDirty(x);
        return x.mul_(2);
      }
      static backward(_ctx: FunctionContext, g: Tensor): Tensor {
        return g.mul(2);
      }
    }
    const x = tensor([1, 2], { requiresGrad: true });
    const y = x.mul(3);
    const squared = y.square();
    expect(Double.apply(y)).toBe(y);
    y.sum().backward(null, { retainGraph: true });
    expect(await y.toArray()).toEqual([6, 12]);
    expect(await x.grad!.toArray()).toEqual([6, 6]);
    // What was computed from the old value notices.
    expect(() => squared.sum().backward()).toThrow(AutogradError);
    expect(() => Double.apply(x)).toThrow("Double: expected a tensor that may be overwritten, got a leaf that requires grad");
    expect(() => Double.apply(x.mul(1).view(2))).toThrow("Double: expected a tensor that may be overwritten, got a view");
  });

  it("notice saved values that were overwritten, and graphs that were released", () => {
    const x = leaf([2]);
    const y = Exp.apply(x);
    y.add_(1);
    expect(() => y.sum().backward()).toThrow("Exp: expected the float64 tensor [2] that its gradient needs at version 0, it was changed in place and is at version 1");
    const z = Exp.apply(x).sum();
    z.backward();
    expect(() => z.backward()).toThrow("an earlier backward pass released them");
  });

  it("sum a gradient over what was broadcast and convert it, and refuse any that does not fit", async () => {
    const returning = (g: (grad: Tensor) => unknown): ((x: Tensor) => Tensor) => {
      class Any extends Function {
        static forward(_ctx: FunctionContext, x: Tensor): Tensor {
          return x.add(zeros([4, 2]));
        }
        static backward(_ctx: FunctionContext, grad: Tensor): Tensor {
          return g(grad) as Tensor;
        }
      }
      return (x) => Any.apply(x);
    };
    const x = tensor([1, 2], { requiresGrad: true });
    returning((g) => g.to("float64"))(x).sum().backward();
    expect([x.grad!.dtype, await x.grad!.toArray()]).toEqual(["float32", [4, 4]]);
    const refused = (g: (grad: Tensor) => unknown): (() => void) => () => { returning(g)(x).sum().backward(); };
    expect(refused((g) => g.sum({ dim: 1 }))).toThrow(new ShapeError("Any: expected a gradient of shape [2] for argument 0, got [4]"));
    expect(refused(() => [])).toThrow(new AutogradError("Any: expected backward to return one gradient for each of 1 arguments, got 0; return null for those that need none"));
    expect(refused((g) => [g, g])).toThrow("one gradient for each of 1 arguments, got 2");
    expect(refused(() => 3)).toThrow("Any: expected backward to return tensors or null, got number for argument 0");
    expect(refused(async (g) => Promise.resolve(g))).toThrow("Any: expected a synchronous callback, got a promise");
    x.grad = null;
    returning((g) => [g, null, null])(x).sum().backward();
    returning(() => null)(x).sum().backward();
    expect(await x.grad!.toArray()).toEqual([4, 4]);
  });

  it("may keep what they make, in forward and in backward", async () => {
    const kept: Tensor[] = [];
    class Keeping extends Function {
      static forward(_ctx: FunctionContext, x: Tensor): Tensor {
        return x.mul(2);
      }
      static backward(_ctx: FunctionContext, g: Tensor): Tensor {
        kept.push(g, g.mul(10));
        return g.mul(2);
      }
    }
    const x = leaf([2]);
    Keeping.apply(x).mul(3).sum().backward();
    expect(await kept[0]!.toArray()).toEqual([3, 3]);
    expect(await kept[1]!.toArray()).toEqual([30, 30]);
  });
});
