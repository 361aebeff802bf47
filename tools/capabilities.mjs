// What this machine has beside Node. A test that needs one of these runs where it is found, and is shown as skipped elsewhere.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** @param {readonly string[]} paths */
const firstExisting = (...paths) => paths.find((path) => existsSync(path));

/** A Chromium or Chrome for the tests that run in a browser: CHROMIUM_PATH, else the usual places. */
export const chromiumPath =
  process.env.CHROMIUM_PATH ??
  firstExisting(
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  );

/**
 * The Vulkan driver for WebGPU in Node on Linux: VK_DRIVER_FILES, else SwiftShader, the one in software that Chromium brings along.
 * It is slow and needs no graphics card, so it computes the same on every machine.
 */
export const vulkanDriver =
  process.env.VK_DRIVER_FILES ??
  firstExisting(
    "/usr/lib/chromium/vk_swiftshader_icd.json",
    "/usr/lib/chromium-browser/vk_swiftshader_icd.json",
    "/opt/google/chrome/vk_swiftshader_icd.json",
  );

/** Deno, which has a WebGPU of its own: DENO_PATH, else the one on the PATH. */
const denoPath = process.env.DENO_PATH ?? (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "deno")).find((path) => existsSync(path));

/** Mesa's driver in software, the only one of its kind with half floats: LLVMPIPE_DRIVER, else where Linux distributions put it. */
const llvmpipeDriver = process.env.LLVMPIPE_DRIVER ?? firstExisting("/usr/share/vulkan/icd.d/lvp_icd.x86_64.json", "/usr/share/vulkan/icd.d/lvp_icd.aarch64.json", "/usr/share/vulkan/icd.d/lvp_icd.json");

/** Deno and its driver, where both are there. */
export const denoOnLlvmpipe = denoPath === undefined || llvmpipeDriver === undefined ? undefined : { command: denoPath, driver: llvmpipeDriver };

/** Whether WebGPU is expected to work in Node. macOS and Windows always have a driver. */
export const hasWebGpu = process.platform !== "linux" || vulkanDriver !== undefined;

/** A Python that can import torch, for the tests that compare with PyTorch while they run. */
export const pythonWithTorch = ["/usr/bin/python3", "python3"].find(
  (python) => spawnSync(python, ["-c", "import importlib.util, sys; sys.exit(not importlib.util.find_spec('torch'))"]).status === 0,
);
