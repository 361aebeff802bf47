import { exitStatus } from "./failure.js";

/**
 * Package managers pass Ctrl-C on to a program that already has it from the terminal, so one key press can arrive as several
 * signals. Those within this time of the first are the same press.
 */
const SAME_PRESS_MS = 500;

/**
 * Lets Ctrl-C ask for an end: the first press aborts the signal, a second one ends the program at once.
 *
 * @param onFirst - Called at the first press.
 */
export function listenForInterrupt(onFirst: () => void): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  let pressedAt = 0;
  const onSignal = (): void => {
    if (!controller.signal.aborted) {
      pressedAt = performance.now();
      controller.abort();
      onFirst();
    } else if (performance.now() - pressedAt > SAME_PRESS_MS) {
      process.exit(exitStatus.interrupted);
    }
  };
  process.on("SIGINT", onSignal);
  return { signal: controller.signal, [Symbol.dispose]: () => void process.off("SIGINT", onSignal) };
}
