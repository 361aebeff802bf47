/** What can be set. Each is a labelled native control: keyboards and screen readers know them. */
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Labelled {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly disabled?: boolean | undefined;
}

export interface SliderProps extends Labelled {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly format?: (value: number) => string;
  readonly onInput: (value: number) => void;
}

export function Slider({ label, hint, disabled, value, min, max, step, format = String, onInput }: SliderProps) {
  const id = useId();
  return (
    <div class="control">
      <label for={id} title={hint}>
        <span>{label}</span>
        <output for={id}>{format(value)}</output>
      </label>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        step={step}
        value={value}
        disabled={disabled}
        aria-valuetext={format(value)}
        style={{ "--filled": `${((value - min) / (max - min)) * 100}%` }}
        onInput={({ currentTarget }) => onInput(currentTarget.valueAsNumber)}
      />
    </div>
  );
}

export interface SelectProps<V extends string> extends Labelled {
  readonly value: V;
  readonly options: readonly (readonly [value: V, label: string])[];
  /** Headings over parts of the options, by the first value of each part. */
  readonly groups?: Readonly<Partial<Record<V, string>>>;
  readonly onChange: (value: V) => void;
}

export function Select<V extends string>({ label, hint, disabled, value, options, groups, onChange }: SelectProps<V>) {
  const id = useId();
  const parts: { readonly heading: string | undefined; readonly entries: (readonly [V, string])[] }[] = [];
  for (const option of options) {
    const heading = groups?.[option[0]];
    if (heading !== undefined || parts.length === 0) parts.push({ heading, entries: [] });
    parts.at(-1)!.entries.push(option);
  }
  const entries = (list: readonly (readonly [V, string])[]) =>
    list.map(([each, text]) => (
      <option key={each} value={each}>
        {text}
      </option>
    ));
  return (
    <div class="control">
      <label for={id} title={hint}>
        <span>{label}</span>
      </label>
      <select id={id} value={value} disabled={disabled} onChange={({ currentTarget }) => onChange(currentTarget.value as V)}>
        {parts.map(({ heading, entries: list }) => (heading === undefined ? entries(list) : <optgroup key={heading} label={heading}>{entries(list)}</optgroup>))}
      </select>
    </div>
  );
}

export interface CheckProps extends Labelled {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export function Check({ label, hint, disabled, checked, onChange }: CheckProps) {
  return (
    <label class="check" title={hint}>
      <input type="checkbox" checked={checked} disabled={disabled} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

export interface SegmentedProps<V extends string> extends Labelled {
  readonly value: V;
  readonly options: readonly (readonly [value: V, label: string])[];
  readonly onChange: (value: V) => void;
}

/** One of a few, all of them visible. */
export function Segmented<V extends string>({ label, value, options, onChange }: SegmentedProps<V>) {
  const name = useId();
  return (
    <fieldset class="segmented">
      <legend>{label}</legend>
      <div>
        {options.map(([each, text]) => (
          <label key={each}>
            <input type="radio" name={name} value={each} checked={each === value} onChange={() => onChange(each)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

export interface NumberBoxProps extends Labelled {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly onChange: (value: number) => void;
}

export function NumberBox({ label, hint, value, min, max, onChange }: NumberBoxProps) {
  const id = useId();
  return (
    <div class="control">
      <label for={id} title={hint}>
        <span>{label}</span>
      </label>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        min={min}
        max={max}
        step={1}
        value={value}
        onChange={({ currentTarget }) => {
          const wanted = Math.round(currentTarget.valueAsNumber);
          // What is no number at all leaves the value as it was.
          const next = Number.isNaN(wanted) ? value : Math.min(max, Math.max(min, wanted));
          currentTarget.value = String(next);
          onChange(next);
        }}
      />
    </div>
  );
}

export interface PanelProps {
  readonly title: string;
  readonly class?: string;
  readonly aside?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part of a room, with its heading. */
export function Panel({ title, class: kind = "", aside, children }: PanelProps) {
  const id = useId();
  return (
    <section class={`panel ${kind}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export interface ButtonProps {
  readonly kind?: "primary" | "plain" | "small";
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly title?: string;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

export const Button = ({ kind = "plain", disabled, pressed, title, onClick, children }: ButtonProps) => (
  <button type="button" class={`button button-${kind}`} disabled={disabled} aria-pressed={pressed} title={title} onClick={onClick}>
    {children}
  </button>
);
