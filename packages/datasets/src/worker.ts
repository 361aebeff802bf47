import { manualSeed } from "@gradus/tensor-core";
import type { Dataset } from "./dataset.js";
import { type Answer, errorAnswer, pack, type Request } from "./worker-messages.js";

/** How a thread hears of its loader, in Node or in a browser. */
interface Port {
  post(answer: Answer): void;
  listen(listener: (request: Request) => void): void;
}

/**
 * Serves a dataset in a thread, for a `DataLoader` with `numWorkers`. The file of the thread is these lines:
 *
 * ```ts
 * import { serveDataset } from "@gradus/datasets/worker";
 * import { dataset } from "./dataset.js";
 *
 * serveDataset(dataset);
 * ```
 *
 * Samples are what can be sent to another thread: numbers, text, typed arrays, tensors, and lists and plain objects of them. Each thread seeds
 * its default generator anew in each epoch, so that random transforms differ between threads and epochs but not between runs.
 *
 * @throws {Error} outside of a thread.
 */
export function serveDataset(dataset: Dataset<unknown>): void {
  const port = hostPort();
  // One request after another: random transforms draw in a fixed order.
  let work = Promise.resolve();
  port.listen((request) => {
    work = work.then(async () => {
      if (request.kind === "epoch") manualSeed(request.seed);
      else port.post(await answerTo(dataset, request));
    });
  });
}

async function answerTo(dataset: Dataset<unknown>, { id, indices, wantsBatch }: Extract<Request, { kind: "load" }>): Promise<Answer> {
  let current: number | null = null;
  try {
    if (wantsBatch && dataset.batch !== undefined) return { kind: "content", id, isBatch: true, content: await pack(dataset.batch(indices)) };
    const samples: unknown[] = [];
    for (const index of indices) {
      current = index;
      samples.push(await pack(await dataset.at(index)));
    }
    return { kind: "content", id, isBatch: false, content: samples };
  } catch (error) {
    return errorAnswer(id, current, error);
  }
}

/** What `process` has where there is one. */
interface NodeProcess {
  getBuiltinModule?(name: "node:worker_threads"): { readonly parentPort: { postMessage(message: unknown): void; on(type: "message", listener: (message: Request) => void): void } | null };
}

/** What a thread of a browser has; a page has a document too. */
interface BrowserScope {
  postMessage?(message: unknown): void;
  addEventListener(type: "message", listener: (event: { data: Request }) => void): void;
  readonly document?: unknown;
}

function hostPort(): Port {
  const { process: host } = globalThis as { process?: NodeProcess };
  const parent = host?.getBuiltinModule?.("node:worker_threads").parentPort;
  if (parent != null) {
    return {
      post: (answer) => {
        posted(answer, (message) => { parent.postMessage(message); });
      },
      listen: (listener) => { parent.on("message", listener); },
    };
  }
  const scope = globalThis as unknown as BrowserScope;
  if (scope.postMessage === undefined || scope.document !== undefined) throw new Error("serveDataset: expected to run in a worker thread, got the main one; start it with new Worker(…)");
  return {
    post: (answer) => {
      posted(answer, (message) => { scope.postMessage?.(message); });
    },
    listen: (listener) => { scope.addEventListener("message", (event: { data: Request }) => { listener(event.data); }); },
  };
}

/** Sends an answer; one that cannot be sent, because a sample holds a function or the like, becomes an error. */
function posted(answer: Answer, send: (message: Answer) => void): void {
  try {
    send(answer);
  } catch (error) {
    send(errorAnswer(answer.id, null, error));
  }
}
