import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CaseName } from "../cases.js";

export interface Input {
  readonly name: string;
  readonly type: "float32" | "int64";
  readonly shape: readonly number[];
}

/**
 * PyTorch writes the model, so that it is the one that the other engines run.
 *
 * @param script - `torch_to_onnx.py`.
 */
export function exported(name: CaseName, script: URL): { model: Uint8Array<ArrayBuffer>; inputs: readonly Input[] } {
  const folder = mkdtempSync(join(tmpdir(), "gradus-bench-"));
  try {
    const file = join(folder, "model.onnx");
    const printed = execFileSync(process.env["PYTHON"] ?? "/usr/bin/python3", [fileURLToPath(script), name, file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    return { model: readFileSync(file), inputs: JSON.parse(printed.trim().split("\n").at(-1) ?? "") as Input[] };
  } catch (error) {
    const complaint = (error as { readonly stderr?: string }).stderr?.trim().split("\n").at(-1);
    throw new Error(complaint ?? String(error), { cause: error });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
