import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Cases } from "./protocol.js";

const execute = promisify(execFile);

/** A process of its own for each run: nothing is compiled, cached or warm. */
const inProcess = (script: string) => () => async (): Promise<unknown> => execute(process.execPath, [fileURLToPath(new URL(`../start-up/${script}.js`, import.meta.url))]);

/** What starting costs with the engine that a script of `start-up/` imports. */
export const startUp = (script: string) => ({ "empty process": inProcess("nothing"), "first matmul": inProcess(script) }) satisfies Cases;

/** The same for a bundle that holds only what it calls. */
export const startUpOfFunctions = { "first matmul, functions": inProcess("gradus-functions") } satisfies Cases;
