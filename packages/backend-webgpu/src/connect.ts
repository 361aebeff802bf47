import { WebGpuUnavailableError } from "./errors.js";
import { float16Feature } from "./wgsl/arithmetic.js";
import type { Cooperation } from "./wgsl/variants.js";

export interface WebGpuOptions {
  /** A device of your own, for instance one that also draws. It stays yours: `dispose()` frees what was made on it and leaves it alive. */
  readonly device?: GPUDevice;
  /** Where adapters come from, if not from the platform. Keep it referenced for as long as you use the device. */
  readonly gpu?: GPU;
  /** Which of several GPUs; by default the fast one. */
  readonly powerPreference?: GPUPowerPreference;
  /**
   * Measure every dispatch, for `profile()`. Dispatches then no longer overlap. A device of your own must have the feature
   * `timestamp-query`.
   */
  readonly profile?: boolean;
  /**
   * Submit each op by itself, and name in errors the line that called it: a failing guard, memory that is not there, a program that is
   * refused. Slow.
   */
  readonly debug?: boolean;
  /**
   * Whether the invocations of a workgroup work together through shared memory, in products, reductions and norms: `"auto"` where it pays,
   * `"never"`, or `"always"` where it can be done; the name of a variant asks for that one. By default `"auto"`, and `"rarely"` on adapters in software,
   * whose barriers are slow: only where one invocation would loop for very long.
   */
  readonly cooperation?: Cooperation;
}

/** How an environment comes by WebGPU, and what to tell those who have none. */
export interface Platform {
  /** @throws {WebGpuUnavailableError} where there is none. */
  readonly gpu: () => Promise<GPU>;
  /** Another place to look for adapters where `gpu` has none: drivers in software. Null where there is none either. */
  readonly software?: () => Promise<GPU | null>;
  readonly noAdapter: string;
}

/** Names of adapters in software: SwiftShader, Mesa's llvmpipe and lavapipe, Microsoft's WARP. */
const softwareNames = /swiftshader|llvmpipe|lavapipe|basic render/i;

/** How the invocations of a workgroup should work together on a device, unless the caller says so. */
export function cooperationOn({ adapterInfo }: { readonly adapterInfo?: GPUAdapterInfo }): Cooperation {
  if (adapterInfo === undefined) return "auto";
  const { architecture, description, device, isFallbackAdapter } = adapterInfo;
  return isFallbackAdapter || softwareNames.test(`${architecture} ${description} ${device}`) ? "rarely" : "auto";
}

/** Limits that are asked for as large as the adapter has them; tensors and programs depend on them. */
const wanted = ["maxStorageBuffersPerShaderStage", "maxStorageBufferBindingSize", "maxBufferSize"] as const;

/** Features that are asked for where the adapter has them. */
const offered: readonly GPUFeatureName[] = [float16Feature];

export async function connect(options: WebGpuOptions, platform: Platform): Promise<{ readonly device: GPUDevice; readonly owned: boolean }> {
  const features: GPUFeatureName[] = options.profile === true ? ["timestamp-query"] : [];
  const checkFeatures = (from: { readonly features: { has(name: string): boolean } }, remedy: string): void => {
    for (const name of features) if (!from.features.has(name)) throw new WebGpuUnavailableError(`webgpu: expected a GPU with the feature "${name}" to profile on, this one does not have it; ${remedy}`);
  };
  if (options.device !== undefined) {
    checkFeatures(options.device, "request the device with it, or leave out profile");
    return { device: options.device, owned: false };
  }
  const gpu = options.gpu ?? (await platform.gpu());
  const request = (from: GPU | null | undefined): Promise<GPUAdapter | null> | undefined => from?.requestAdapter({ powerPreference: options.powerPreference ?? "high-performance" });
  // An adapter in software is slow, and better than none.
  const adapter = (await request(gpu)) ?? (options.gpu === undefined ? await request(await platform.software?.()) : null) ?? null;
  if (adapter === null) throw new WebGpuUnavailableError(`webgpu: expected a GPU adapter, found none; ${platform.noAdapter}`);
  const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]));
  checkFeatures(adapter, "leave out profile");
  const requiredFeatures = [...features, ...offered.filter((name) => adapter.features.has(name))];
  return { device: await adapter.requestDevice({ label: "gradus", requiredLimits, requiredFeatures }), owned: true };
}
