import { useRef } from "preact/hooks";

export interface GridProps {
  readonly label: string;
  readonly shape: readonly number[];
  readonly texts: readonly string[];
  /** 0 to 1: how each element is coloured. */
  readonly shades: readonly number[];
  readonly chosen: readonly number[];
  /** Elements that have to do with the chosen one: a class for each. */
  readonly marks?: readonly string[];
  /** How far apart neighbours lie in the storage, dimension by dimension. */
  readonly strides?: readonly number[];
  readonly onChoose: (element: number) => void;
}

/** What one step along a dimension adds to the position. */
const step = (stride: number): string => (stride < 0 ? `−${-stride}` : `+${stride}`);

/** A tensor: the last dimension runs to the right, the one before it down, all others are blocks of such squares. */
export function Grid({ label, shape, texts, shades, chosen, marks = [], strides, onChoose }: GridProps) {
  const host = useRef<HTMLDivElement>(null);
  const columns = shape.at(-1) ?? 1;
  const rows = shape.at(-2) ?? 1;
  const area = columns * rows;
  const blocks = area === 0 ? 0 : texts.length / area;
  const entry = chosen[0] ?? 0;

  const move = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    const next = entry + (by ?? 0);
    if (by === undefined || next < 0 || next >= texts.length) return;
    event.preventDefault();
    onChoose(next);
    host.current?.querySelectorAll("button")[next]?.focus();
  };

  if (texts.length === 0) return <p class="faint small">No elements: one size is 0.</p>;
  const rank = shape.length;
  return (
    <div class="blocks" ref={host} role="group" aria-label={label} onKeyDown={move}>
      {Array.from({ length: blocks }, (_, block) => (
        <div key={block} class="block">
          {blocks > 1 && <span class="faint block-name mono">[{indexOf(shape.slice(0, -2), block).join(", ")}, :, :]</span>}
          {strides !== undefined && rank > 0 && (
            <span class="axis axis-columns" aria-hidden="true">
              dim {rank - 1}: {step(strides.at(-1)!)} →
            </span>
          )}
          {strides !== undefined && rank > 1 && (
            <span class="axis axis-rows" aria-hidden="true">
              dim {rank - 2}: {step(strides.at(-2)!)} ↓
            </span>
          )}
          <div class="cells" style={{ gridTemplateColumns: `repeat(${columns}, auto)` }}>
            {texts.slice(block * area, (block + 1) * area).map((text, i) => {
              const element = block * area + i;
              return (
                <button
                  key={element}
                  type="button"
                  class={`cell ${chosen.includes(element) ? "chosen" : (marks[element] ?? "")}`}
                  style={{ "--shade": shades[element] ?? 0 }}
                  tabIndex={element === entry ? 0 : -1}
                  aria-pressed={chosen.includes(element)}
                  aria-label={`[${indexOf(shape, element).join(", ")}]: ${text}`}
                  onClick={() => onChoose(element)}
                  onPointerEnter={() => onChoose(element)}
                >
                  {text}
                </button>
              );
            })}
          </div>
        </div>
      ))}
    </div>
  );
}

/** The place of an element, counted row after row. */
export function indexOf(shape: readonly number[], element: number): number[] {
  let rest = element;
  return [...shape]
    .reverse()
    .map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    })
    .reverse();
}
