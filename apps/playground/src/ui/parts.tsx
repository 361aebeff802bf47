/** What several rooms are made of. */
import type { ComponentChildren } from "preact";
import { Button } from "./controls.js";

/** What a room is about. */
export const Intro = ({ title, children }: { readonly title: string; readonly children: ComponentChildren }) => (
  <div class="room-intro">
    <h1>{title}</h1>
    <p>{children}</p>
  </div>
);

export interface CounterProps {
  readonly name: string;
  readonly value: ComponentChildren;
  /** Where tests find it. */
  readonly testId?: string;
  /** The value with all its digits. */
  readonly exactly?: number | undefined;
}

/** A number with its name above it, in a list of definitions. */
export const Counter = ({ name, value, testId, exactly }: CounterProps) => (
  <div>
    <dt>{name}</dt>
    <dd data-testid={testId} data-value={exactly}>
      {value}
    </dd>
  </div>
);

/** What is known of a thing, name by name; `testId` is where tests find a value. */
export const Facts = ({ entries }: { readonly entries: readonly (readonly [name: string, value: ComponentChildren, testId?: string])[] }) => (
  <dl class="facts">
    {entries.map(([name, value, testId]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd data-testid={testId}>{value}</dd>
      </div>
    ))}
  </dl>
);

export interface TransportProps {
  readonly running: boolean;
  /** Nothing can be played now. */
  readonly stuck: boolean;
  readonly onReset: () => void;
  readonly onPlay: () => void;
  readonly onPause: () => void;
  readonly onStep: () => void;
}

/** Reset, play or pause, one step. */
export const Transport = ({ running, stuck, onReset, onPlay, onPause, onStep }: TransportProps) => (
  <div class="inline transport">
    <Button onClick={onReset} title="Start again from the first weights">
      <span aria-hidden="true">↺</span> Reset
    </Button>
    <Button kind="primary" disabled={stuck} onClick={running ? onPause : onPlay}>
      <span aria-hidden="true">{running ? "❚❚" : "▶"}</span> {running ? "Pause" : "Play"}
    </Button>
    <Button disabled={stuck} onClick={onStep} title="One step: one batch">
      <span aria-hidden="true">⇥</span> Step
    </Button>
  </div>
);
