import { WorkerError } from "./errors.js";
import { type Answer, type Request, unpack } from "./worker-messages.js";

/** A thread: the browser's `Worker`, or that of `node:worker_threads`. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): unknown;
}

/** How a thread is heard: the browser's with events, Node's with their content. */
interface Emitter {
  addEventListener?(type: string, listener: (event: never) => void): void;
  on?(type: string, listener: (value: never) => void): unknown;
}

interface Job {
  readonly worker: number;
  readonly resolve: (answer: LoadedBatch) => void;
  readonly reject: (error: Error) => void;
}

/** A batch that the dataset made itself, or its samples. */
export interface LoadedBatch {
  readonly isBatch: boolean;
  readonly content: unknown;
}

/** Threads that load samples. Batch after batch goes to one thread after another, so that each sees the same batches in every run. */
export class WorkerPool {
  readonly #workers: readonly WorkerLike[];
  readonly #jobs = new Map<number, Job>();
  readonly #failures = new Map<number, WorkerError>();
  #next = 0;
  #isClosed = false;

  constructor(count: number, start: (id: number) => WorkerLike) {
    this.#workers = Array.from({ length: count }, (_, id) => this.#listen(id, start(id)));
  }

  /** Starts an epoch: each thread seeds its default generator with `seed` plus its number, as PyTorch does. */
  begin(seed: bigint): void {
    // The first batch of an epoch goes to the first thread; numbers of an epoch that was left are not given again.
    this.#next = Math.ceil(this.#next / this.#workers.length) * this.#workers.length;
    for (const [id, worker] of this.#workers.entries()) this.#post(worker, { kind: "epoch", seed: BigInt.asUintN(64, seed + BigInt(id)) });
  }

  /** @param wantsBatch - Whether the dataset may put the batch together itself. */
  load(indices: readonly number[], wantsBatch: boolean): Promise<LoadedBatch> {
    const id = this.#next++;
    const worker = id % this.#workers.length;
    return new Promise((resolve, reject) => {
      const failure = this.#failures.get(worker);
      if (failure !== undefined) {
        reject(failure);
        return;
      }
      this.#jobs.set(id, { worker, resolve, reject });
      this.#post(this.#workers[worker]!, { kind: "load", id, indices, wantsBatch });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#jobs.clear();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #post(worker: WorkerLike, message: Request): void {
    worker.postMessage(message);
  }

  #listen(id: number, worker: WorkerLike): WorkerLike {
    const onAnswer = (answer: Answer): void => {
      this.#answer(answer);
    };
    const onFailure = (cause: unknown): void => {
      this.#fail(id, cause);
    };
    const emitter = worker as Emitter;
    if (emitter.on !== undefined) {
      emitter.on("message", onAnswer);
      emitter.on("error", onFailure);
      emitter.on("exit", (code: number) => {
        this.#fail(id, new Error(`the thread ended with exit code ${code}`));
      });
    } else {
      emitter.addEventListener?.("message", (event: { data: Answer }) => {
        onAnswer(event.data);
      });
      emitter.addEventListener?.("error", (event: { error?: unknown; message?: string }) => {
        onFailure(event.error ?? new Error(event.message ?? "the thread could not be started"));
      });
      emitter.addEventListener?.("messageerror", () => {
        onFailure(new Error("a message of the thread could not be read"));
      });
    }
    return worker;
  }

  #answer(answer: Answer): void {
    const job = this.#jobs.get(answer.id);
    if (job === undefined) return;
    this.#jobs.delete(answer.id);
    if (answer.kind === "content") {
      job.resolve({ isBatch: answer.isBatch, content: unpack(answer.content) });
      return;
    }
    const { name, message, stack, index } = answer;
    const cause = Object.assign(new Error(message), { name, stack });
    job.reject(new WorkerError(job.worker, index, cause));
  }

  /** A thread that is gone answers nothing any more. */
  #fail(worker: number, cause: unknown): void {
    if (this.#isClosed || this.#failures.has(worker)) return;
    const failure = new WorkerError(worker, null, cause instanceof Error ? cause : new Error(String(cause)));
    this.#failures.set(worker, failure);
    for (const [id, job] of this.#jobs) {
      if (job.worker !== worker) continue;
      this.#jobs.delete(id);
      job.reject(failure);
    }
  }
}
