import { useEffect, useRef, useState } from "preact/hooks";

export interface Answer<R> {
  /** The last answer that came; null before the first. */
  readonly value: R | null;
  readonly failure: Error | null;
}

/**
 * What the engine answers to a question that changes. While it works on one answer the questions in between are left out: only the last one
 * is asked next, so that a slider that is dragged does not leave a queue behind.
 */
export function useAnswer<Q, R>(question: Q, key: string, ask: (question: Q) => Promise<R>): Answer<R> {
  const [answer, setAnswer] = useState<Answer<R>>({ value: null, failure: null });
  const state = useRef<{ asking: boolean; next: (() => Promise<void>) | null; alive: boolean }>({ asking: false, next: null, alive: true });
  useEffect(() => {
    const { current } = state;
    const run = async (): Promise<void> => {
      current.asking = true;
      try {
        const value = await ask(question);
        if (current.alive) setAnswer({ value, failure: null });
      } catch (error) {
        if (current.alive) setAnswer(({ value }) => ({ value, failure: error instanceof Error ? error : new Error(String(error)) }));
      }
      current.asking = false;
      const { next } = current;
      current.next = null;
      if (current.alive) await next?.();
    };
    if (current.asking) current.next = run;
    else void run();
  }, [key]);
  useEffect(
    () => () => {
      state.current.alive = false;
    },
    [],
  );
  return answer;
}
