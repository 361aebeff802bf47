import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { EngineDescription } from "./engines.js";
import type { Engine } from "./measure.js";
import type { Answer, Request } from "./protocol.js";

/** What a process says, until it ends. */
class Started {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string, undefined>;
  #complaint = "";

  constructor({ command: [program, ...args], env }: EngineDescription) {
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, stdio: "pipe" });
    this.#child.stderr.on("data", (text: Buffer) => (this.#complaint = text.toString().split("\n").find((line) => /^\w*Error/.test(line)) ?? this.#complaint));
    // A missing program is reported by the end of its output, below.
    this.#child.on("error", (error) => (this.#complaint = error.message));
    this.#child.stdin.on("error", () => undefined);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Null when the process has ended. */
  async ask(request: Request): Promise<Answer | null> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    for (;;) {
      const next = await this.#answers.next();
      if (next.done === true) return null;
      // Libraries may greet on the console; answers are JSON.
      if (next.value.startsWith("{")) return JSON.parse(next.value) as Answer;
    }
  }

  get complaint(): string {
    return this.#complaint === "" ? "the process ended" : this.#complaint;
  }

  stop(): void {
    this.#child.stdin.end();
    this.#child.kill();
  }
}

/** An engine in a process of its own, so that one's garbage is not another's pause. A case that ends the process costs only that case. */
export class EngineProcess implements Engine {
  #started: Started | null = null;

  constructor(readonly description: EngineDescription) {}

  async ask(request: Request): Promise<Answer> {
    this.#started ??= new Started(this.description);
    const answer = await this.#started.ask(request);
    if (answer !== null) return answer;
    const { complaint } = this.#started;
    this.#started = null;
    return { unable: complaint };
  }

  stop(): void {
    this.#started?.stop();
  }
}
