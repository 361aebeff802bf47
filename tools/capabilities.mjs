// What this machine has beside Node. A test that needs one of these runs where it is found, and is shown as skipped elsewhere.

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

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

/** Whether WebGPU is expected to work in Node. macOS and Windows always have a driver. */
export const hasWebGpu = process.platform !== "linux" || vulkanDriver !== undefined;

/** A Python that can import torch, for the tests that compare with PyTorch while they run. */
export const pythonWithTorch = ["/usr/bin/python3", "python3"].find(
  (python) => spawnSync(python, ["-c", "import importlib.util, sys; sys.exit(not importlib.util.find_spec('torch'))"]).status === 0,
);
