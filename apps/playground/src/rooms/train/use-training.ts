import { batch, computed, effect, type ReadonlySignal, signal, type Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { encode } from "../../codec.js";
import { EngineError, type Remote } from "../../engine/protocol.js";
import type { ServiceOf } from "../../engine/services.js";
import type { Frame, Opening } from "./frames.js";
import { type Curves, extended, noCurves } from "./history.js";
import { fields, liveKeys, type RoomState, type Setup, type SpeedName, tidy } from "./setup.js";

/** How long the worker may take for one frame: long enough to train and not to draw, short enough to look alive. */
const FRAME_MILLISECONDS = 30;

/** Steps for a frame, and how long a frame lasts at least. */
const speeds: Readonly<Record<SpeedName, { readonly steps: number; readonly pause: number }>> = {
  slow: { steps: 1, pause: 120 },
  steady: { steps: 10, pause: 60 },
  fast: { steps: Infinity, pause: 0 },
};

export interface Training {
  readonly setup: ReadonlySignal<Setup>;
  readonly opening: ReadonlySignal<Opening | null>;
  readonly frame: ReadonlySignal<Frame | null>;
  readonly curves: ReadonlySignal<Curves>;
  readonly running: ReadonlySignal<boolean>;
  readonly failure: ReadonlySignal<EngineError | null>;
  readonly play: () => void;
  readonly pause: () => void;
  /** Takes one step and stops. */
  readonly step: () => Promise<void>;
  readonly reset: () => void;
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

function makeTraining(state: Signal<RoomState>, engine: Remote<ServiceOf<"train">>): Training & { start(): () => void } {
  const opening = signal<Opening | null>(null);
  const frame = signal<Frame | null>(null);
  const curves = signal<Curves>(noCurves);
  const running = signal(false);
  const failure = signal<EngineError | null>(null);
  const setup = computed(() => tidy(state.value));
  /** What begins anew when it changes, as one text. */
  const structure = computed(() => {
    const initials = Object.fromEntries(liveKeys.map((key) => [key, fields[key].initial]));
    return encode(fields, { ...setup.value, ...initials });
  });
  const spaceLayer = (): number => state.peek().layer - 1;
  /** Answers to an earlier setup come late and mean nothing. */
  let session = 0;
  let opened: string | null = null;
  let lookedAt = state.peek().layer;
  /** Loops that are under way, so that two quick clicks on play are one. */
  let looping = false;

  const show = (next: Frame): void =>
    batch(() => {
      const isNew = next.step !== frame.peek()?.step;
      frame.value = next;
      if (isNew) curves.value = extended(curves.peek(), next);
      if (next.diverged !== null) running.value = false;
    });
  const fail = (error: unknown): void =>
    batch(() => {
      running.value = false;
      failure.value = error instanceof EngineError ? error : new EngineError("Error", String(error));
    });

  async function open(): Promise<void> {
    const own = ++session;
    try {
      const answer = await engine.open(setup.peek(), spaceLayer());
      if (own !== session) return;
      batch(() => {
        failure.value = null;
        opening.value = answer;
        curves.value = noCurves;
        frame.value = null;
        show(answer.frame);
      });
    } catch (error) {
      if (own === session) fail(error);
    }
  }

  async function advance(steps: number): Promise<void> {
    const own = session;
    try {
      const next = await engine.advance({ steps, milliseconds: FRAME_MILLISECONDS, spaceLayer: spaceLayer() });
      if (own === session) show(next);
    } catch (error) {
      if (own === session) fail(error);
    }
  }

  async function loop(): Promise<void> {
    if (looping) return;
    looping = true;
    while (running.peek()) {
      const { steps, pause } = speeds[state.peek().speed];
      const asked = performance.now();
      await advance(steps);
      const left = pause - (performance.now() - asked);
      if (left > 0) await sleep(left);
    }
    looping = false;
  }

  return {
    setup, opening, frame, curves, running, failure,
    play() {
      if (failure.peek() !== null || frame.peek()?.diverged != null) return;
      running.value = true;
      void loop();
    },
    pause: () => void (running.value = false),
    async step() {
      running.value = false;
      await advance(1);
    },
    reset() {
      running.value = false;
      void open();
    },
    start() {
      const stops = [
        effect(() => {
          if (structure.value === opened) return;
          opened = structure.value;
          running.value = false;
          void open();
        }),
        effect(() => {
          void engine.adjust(setup.value);
        }),
        effect(() => {
          // Another layer to look at: the same moment, seen again.
          const { layer } = state.value;
          const isOther = layer !== lookedAt;
          lookedAt = layer;
          if (isOther && frame.peek() !== null && !running.peek()) void advance(0);
        }),
      ];
      return () => {
        running.value = false;
        for (const stop of stops) stop();
      };
    },
  };
}

/** Training as the page sees it: signals that change, and what may be asked for. */
export function useTraining(state: Signal<RoomState>, engine: Remote<ServiceOf<"train">>): Training {
  const training = useMemo(() => makeTraining(state, engine), []);
  useEffect(() => training.start(), []);
  return training;
}
