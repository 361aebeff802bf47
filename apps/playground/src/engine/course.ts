/**
 * The course of learning, as every room that trains sees it: something is opened, advances frame by frame while it plays, and can be paused,
 * stepped and opened again.
 *
 * @module
 */
import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type Curves, extended, type Moment, noCurves } from "./curves.js";
import { EngineError } from "./protocol.js";

/** What a room knows about its learning. */
export interface Learner<O extends { readonly frame: F }, F> {
  /** Begins anew with what is set now. */
  open(): Promise<O>;
  /** Takes up to so many steps, and shows where they led; 0 shows the same moment again. */
  advance(steps: number): Promise<F>;
  /** What of a frame becomes a point of the curves; null where there is nothing to draw. */
  moment(frame: F): Moment | null;
  /** Steps for a frame while it plays, and how many milliseconds a frame lasts at least. */
  pace?(): { readonly steps: number; readonly pause: number };
  /** Nothing can come after this frame. */
  isOver?(frame: F): boolean;
}

export interface Course<O, F> {
  readonly opening: ReadonlySignal<O | null>;
  readonly frame: ReadonlySignal<F | null>;
  readonly curves: ReadonlySignal<Curves>;
  readonly running: ReadonlySignal<boolean>;
  readonly failure: ReadonlySignal<EngineError | null>;
  /** Begins anew. While one opening is under way the ones in between are left out, so that a slider that is dragged leaves no queue behind. */
  readonly open: () => Promise<void>;
  readonly play: () => void;
  readonly pause: () => void;
  /** Takes one step and stops. */
  readonly step: () => Promise<void>;
  /** Shows the same moment again, when the way of looking has changed; while it plays the next frame does so anyway. */
  readonly look: () => Promise<void>;
  /** Shows a frame that came about in another way. */
  readonly show: (frame: F) => void;
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
const asFast = { steps: Infinity, pause: 0 };

export function makeCourse<O extends { readonly frame: F }, F>(learner: Learner<O, F>): Course<O, F> {
  const opening = signal<O | null>(null);
  const frame = signal<F | null>(null);
  const curves = signal<Curves>(noCurves);
  const running = signal(false);
  const failure = signal<EngineError | null>(null);
  /** Answers to an earlier opening come late and mean nothing. */
  let session = 0;
  let isOpening = false;
  /** So that two quick clicks on play are one. */
  let isLooping = false;
  let looks: "none" | "one" | "another" = "none";

  const show = (next: F): void =>
    batch(() => {
      frame.value = next;
      const moment = learner.moment(next);
      if (moment !== null) curves.value = extended(curves.peek(), moment);
      if (learner.isOver?.(next) === true) running.value = false;
    });
  const fail = (error: unknown): void =>
    batch(() => {
      running.value = false;
      failure.value = error instanceof EngineError ? error : new EngineError("Error", error instanceof Error ? error.message : String(error));
    });
  const pause = (): void => void (running.value = false);

  async function open(): Promise<void> {
    session++;
    pause();
    // The one that is under way sees that it is not the last.
    if (isOpening) return;
    isOpening = true;
    for (let own = -1; own !== session; ) {
      own = session;
      try {
        const answer = await learner.open();
        if (own !== session) continue;
        batch(() => {
          failure.value = null;
          opening.value = answer;
          curves.value = noCurves;
          show(answer.frame);
        });
      } catch (error) {
        if (own === session) fail(error);
      }
    }
    isOpening = false;
  }

  const isAsked = (wanted: typeof looks): boolean => looks === wanted;

  async function advance(steps: number): Promise<void> {
    if (isOpening || opening.peek() === null || failure.peek() !== null) return;
    const own = session;
    try {
      const next = await learner.advance(steps);
      if (own === session) show(next);
    } catch (error) {
      if (own === session) fail(error);
    }
  }

  async function loop(): Promise<void> {
    if (isLooping) return;
    isLooping = true;
    while (running.peek()) {
      const { steps, pause: atLeast } = learner.pace?.() ?? asFast;
      const asked = performance.now();
      await advance(steps);
      const left = atLeast - (performance.now() - asked);
      if (left > 0) await sleep(left);
    }
    isLooping = false;
  }

  return {
    opening, frame, curves, running, failure, open, pause, show,
    play() {
      const now = frame.peek();
      if (isOpening || now === null || failure.peek() !== null || learner.isOver?.(now) === true) return;
      running.value = true;
      void loop();
    },
    async step() {
      pause();
      await advance(1);
    },
    async look() {
      if (running.peek()) return;
      if (looks !== "none") {
        looks = "another";
        return;
      }
      do {
        looks = "one";
        await advance(0);
      } while (isAsked("another"));
      looks = "none";
    },
  };
}

/** A course that ends with its room. What the learner says is what it said when the room was drawn last. */
export function useCourse<O extends { readonly frame: F }, F>(learner: Learner<O, F>): Course<O, F> {
  const latest = useRef(learner);
  latest.current = learner;
  const course = useMemo(
    () =>
      makeCourse<O, F>({
        open: () => latest.current.open(),
        advance: (steps) => latest.current.advance(steps),
        moment: (frame) => latest.current.moment(frame),
      }),
    [],
  );
  useEffect(() => course.pause, []);
  return course;
}
