import type {} from "vitest";

/** What a test can ask for by `inject("webgpu")`; the values come from tools/capabilities.mjs. */
declare module "vitest" {
  interface ProvidedContext {
    /** Whether a WebGPU adapter is expected here. Where it is, failing to get one is a failure and no reason to skip. */
    readonly webgpu: boolean;
    /** The command of a Python with PyTorch, or null. */
    readonly pythonWithTorch: string | null;
    /** A Deno with a WebGPU in software that has half floats, or null. */
    readonly deno: { readonly command: string; readonly driver: string } | null;
    /** The path of a Chromium for tests that drive a whole page, or null. */
    readonly chromium: string | null;
  }
}
