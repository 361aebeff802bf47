import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Answer, Measure, Prepare } from "./protocol.js";

/** How an engine is started, and what it is called. */
export interface EngineDescription {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

/** An engine in a process of its own. */
export class EngineProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string, undefined>;
  #complaint = "";

  constructor(readonly description: EngineDescription) {
    const [program, ...args] = description.command;
    this.#child = spawn(program, args, { env: { ...process.env, ...description.env }, stdio: "pipe" });
    this.#child.stderr.on("data", (text: Buffer) => (this.#complaint = text.toString().trim().split("\n").at(-1) ?? ""));
    // A missing program is reported by the end of its output, below.
    this.#child.on("error", (error) => (this.#complaint = error.message));
    this.#child.stdin.on("error", () => undefined);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(request: Prepare | Measure): Promise<Answer> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const next = await this.#answers.next();
      if (next.done === true) return { unable: this.#complaint === "" ? "the process ended" : this.#complaint };
      // Libraries may greet on the console; answers are JSON.
      if (next.value.startsWith("{")) return JSON.parse(next.value) as Answer;
    }
  }

  stop(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}
