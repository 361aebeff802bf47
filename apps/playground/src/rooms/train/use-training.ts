import { computed, type ReadonlySignal, type Signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { encode } from "../../codec.js";
import { type Course, makeCourse } from "../../engine/course.js";
import type { Remote } from "../../engine/protocol.js";
import type { ServiceOf } from "../../engine/services.js";
import type { Frame, Opening } from "./frames.js";
import { fields, liveKeys, type RoomState, type Setup, type SpeedName, tidy } from "./setup.js";

/** How long the worker may take for one frame: long enough to train and not to draw, short enough to look alive. */
const FRAME_MILLISECONDS = 30;

/** Steps for a frame, and how long a frame lasts at least. */
const speeds: Readonly<Record<SpeedName, { readonly steps: number; readonly pause: number }>> = {
  slow: { steps: 1, pause: 120 },
  steady: { steps: 10, pause: 60 },
  fast: { steps: Infinity, pause: 0 },
};

export interface Training extends Course<Opening, Frame> {
  /** What is trained: the state without what only concerns the looking. */
  readonly setup: ReadonlySignal<Setup>;
}

function makeTraining(state: Signal<RoomState>, engine: Remote<ServiceOf<"train">>): Training & { start(): () => void } {
  const setup = computed(() => tidy(state.value));
  const spaceLayer = (): number => state.peek().layer - 1;
  const course = makeCourse<Opening, Frame>({
    open: () => engine.open(setup.peek(), spaceLayer()),
    advance: (steps) => engine.advance({ steps, milliseconds: FRAME_MILLISECONDS, spaceLayer: spaceLayer() }),
    moment: ({ step, train, test }) => ({
      step,
      values: { trainLoss: train.loss, testLoss: test.loss, trainAccuracy: train.accuracy ?? NaN, testAccuracy: test.accuracy ?? NaN },
    }),
    pace: () => speeds[state.peek().speed],
    isOver: ({ diverged }) => diverged !== null,
  });
  /** What begins anew when it changes, as one text. */
  const structure = computed(() => {
    const initials = Object.fromEntries(liveKeys.map((key) => [key, fields[key].initial]));
    return encode(fields, { ...setup.value, ...initials });
  });
  const layer = computed(() => state.value.layer);

  return {
    ...course,
    setup,
    start() {
      const stops = [
        structure.subscribe(() => void course.open()),
        setup.subscribe((now) => void engine.adjust(now)),
        layer.subscribe(() => void course.look()),
      ];
      return () => {
        course.pause();
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
