import { interpreter } from "@gradus/kernel-ir/interpreter";
import { AnomalyError, detectAnomaly, GuardError, isAnomalyEnabled, noGrad, setDetectAnomaly, tensor, type Tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { useDevice } from "./support/device.js";

useDevice(() => interpreter());

const leaf = (...values: number[]): Tensor => tensor(values, { requiresGrad: true });

/** The error that `body` ends with. */
function errorOf(body: () => unknown): AnomalyError {
  try {
    body();
  } catch (error) {
    if (error instanceof AnomalyError) return error;
    throw error;
  }
  throw new Error("expected an error");
}

/** The user's own function that calls the op, for its name in the call site. */
const rootsOfAll = (x: Tensor): Tensor => x.sqrt();
const logarithms = (x: Tensor): Tensor => x.log();

describe("anomaly mode", () => {
  it("names the op of the first gradient that is not finite, and where it was called", () => {
    const error = errorOf(() => detectAnomaly(() => { rootsOfAll(leaf(4, 0)).mul(3).sum().backward(); }));
    expect(error.op).toBe("sqrt");
    expect(error.message).toMatch(/^sqrt: expected finite gradients, got Infinity for input 0; sqrt was called at\n +rootsOfAll \(.*anomaly\.test\.ts:\d+:\d+\)/);
    expect(error.message).not.toContain("tensor-core/src");
  });

  it("stops where it is born, before other ops spread it", () => {
    // 0 · ∞ is NaN in the gradient of x², but sqrt gave the infinity.
    const error = errorOf(() => detectAnomaly(() => { leaf(0).square().sqrt().exp().sum().backward(); }));
    expect(error.op).toBe("sqrt");
  });

  it("also tells where a value that is not finite came from in the forward pass", () => {
    const w = leaf(2, 3);
    const error = errorOf(() => detectAnomaly(() => { logarithms(leaf(-1, 1)).mul(w).add(1).sum().backward(); }));
    expect(error.message).toMatch(/^backward: expected a finite value to differentiate, got NaN; change the op that it comes from\nThe first value that is not finite, NaN, came from log, called at\n +logarithms \(/);
    expect(error.op).toBe("log");
  });

  it("follows such a value through views and in-place ops to the op whose gradient it spoils", () => {
    const w = leaf(2, 3);
    const error = errorOf(() =>
      detectAnomaly(() => {
        const y = leaf(1, 2).mul(1);
        y.narrow(0, 1, 1).sub_(2).log_();
        // What is not finite is cut away again, so that the loss is finite; the gradient of w is not.
        y.view(2, 1).mul(w.view(2, 1)).narrow(0, 0, 1).add(0).sum().backward();
      }),
    );
    expect(error.message).toMatch(/^(log_OnView|mul|log): expected finite gradients/);
  });

  it("lets infinities be that go nowhere, such as those of a mask", async () => {
    const x = leaf(1, 2, 3);
    detectAnomaly(() => { x.maskedFill(tensor([false, true, false]), -Infinity).softmax(0).square().sum().backward(); });
    expect((await x.grad!.read())[1]).toBe(0);
  });

  it("looks at the gradient that the caller brings", () => {
    expect(errorOf(() => detectAnomaly(() => { leaf(1, 2).mul(2).backward(tensor([1, NaN])); })).message).toBe("backward: expected a finite gradient to begin with, got NaN");
  });

  it("without checkNan records call sites only", () => {
    const x = leaf(4, 0);
    detectAnomaly(() => { x.sqrt().sum().backward(); }, { checkNan: false });
    expect(x.grad).not.toBeNull();
  });

  it("costs nothing and says nothing where it is off", async () => {
    const x = leaf(4, 0);
    const y = x.sqrt();
    expect((y.gradFn as unknown as { callSite: string | null }).callSite).toBeNull();
    y.sum().backward();
    expect(await x.grad!.toArray()).toEqual([0.25, Infinity]);
    const recordedBefore = leaf(0).sqrt().sum();
    expect(errorOf(() => detectAnomaly(() => { recordedBefore.backward(); })).message).toBe("sqrt: expected finite gradients, got Infinity for input 0; the op was recorded before anomaly mode began");
  });

  it("is switched for a callback, or from here on", () => {
    expect(isAnomalyEnabled()).toBe(false);
    expect(detectAnomaly(() => isAnomalyEnabled())).toBe(true);
    expect(() => detectAnomaly(async () => Promise.resolve())).toThrow("detectAnomaly: expected a synchronous callback");
    setDetectAnomaly(true);
    try {
      expect(() => { leaf(0).sqrt().sum().backward(); }).toThrow(AnomalyError);
      expect(noGrad(() => tensor([-1]).sqrt().requiresGrad)).toBe(false);
    } finally {
      setDetectAnomaly(false);
    }
    expect(isAnomalyEnabled()).toBe(false);
  });
});

describe("anomaly mode on a device that cannot be read at once", () => {
  useDevice();

  it("tells at the next read", async () => {
    setDetectAnomaly(true);
    try {
      const x = leaf(4, 0);
      rootsOfAll(x).mul(3).sum().backward();
      await expect(x.grad!.read()).rejects.toThrow(GuardError);
      const y = leaf(0, 1);
      logarithms(y).sum().backward();
      await expect(y.grad!.read()).rejects.toThrow(/^log: expected finite gradients, got one that is NaN or infinite for input 0; log was called at\n +logarithms \(/);
    } finally {
      setDetectAnomaly(false);
    }
  });
});
