/**
 * How the page speaks with the worker that computes: the page calls functions of a service, the worker answers. Nothing is pushed. A page
 * that is behind simply asks less often, and a pause is not asking.
 *
 * Both sides share this file and the type of the service.
 *
 * @module
 */

/** What a worker offers: functions whose arguments and results can be cloned. */
// `never` would refuse services with arguments; only `any` accepts every list of them.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Service = Readonly<Record<string, (...args: any[]) => unknown>>;

/** The service as the page sees it: everything takes a message there and a message back. */
export type Remote<S extends Service> = {
  readonly [K in keyof S]: (...args: Parameters<S[K]>) => Promise<Awaited<ReturnType<S[K]>>>;
};

interface Request {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

type Reply = { readonly id: number } & ({ readonly result: unknown } | { readonly failure: { readonly name: string; readonly message: string } });

/** One end of a channel: a worker, the worker's own scope, or a port. */
export interface Endpoint {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
}

/** A function of the service has thrown. `name` is that of the error over there. */
export class EngineError extends Error {
  constructor(
    override readonly name: string,
    message: string,
  ) {
    super(message);
  }
}

/** Answers calls, one after another: a service never sees a call before it has answered the last one. */
export function serve(service: Service | Promise<Service>, endpoint: Endpoint): void {
  let last: Promise<unknown> = Promise.resolve();
  // If it could not be loaded, whoever calls is told; nobody else need be.
  Promise.resolve(service).catch(() => undefined);
  const answer = async ({ id, method, args }: Request): Promise<Reply> => {
    try {
      const { [method]: call } = await service;
      if (call === undefined) throw new Error(`internal: this service has no "${method}"`);
      return { id, result: await call(...args) };
    } catch (error) {
      return { id, failure: error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: String(error) } };
    }
  };
  endpoint.addEventListener("message", ({ data }) => {
    last = last.then(async () => {
      endpoint.postMessage(await answer(data as Request));
    });
  });
}

/** The service at the other end. */
export function connect<S extends Service>(endpoint: Endpoint): Remote<S> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(reason: Error): void }>();
  let calls = 0;
  endpoint.addEventListener("message", ({ data }) => {
    const reply = data as Reply;
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("failure" in reply) caller?.reject(new EngineError(reply.failure.name, reply.failure.message));
    else caller?.resolve(reply.result);
  });
  const call =
    (method: string) =>
    (...args: readonly unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const id = calls++;
        waiting.set(id, { resolve, reject });
        endpoint.postMessage({ id, method, args } satisfies Request);
      });
  return new Proxy({}, { get: (_, method) => call(String(method)) }) as Remote<S>;
}
