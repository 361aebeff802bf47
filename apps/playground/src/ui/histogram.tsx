import { brief } from "./format.js";

export interface HistogramProps {
  readonly title: string;
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
  readonly note?: string | undefined;
}

/** How values are distributed: bars below zero in the low colour, above it in the high one. */
export function Histogram({ title, from, to, counts, note }: HistogramProps) {
  const most = Math.max(1, ...counts);
  const width = 100 / counts.length;
  const middle = (i: number): number => from + ((to - from) * (i + 0.5)) / counts.length;
  return (
    <figure class="histogram">
      <figcaption>
        <span>{title}</span>
        {note !== undefined && <span class="faint">{note}</span>}
      </figcaption>
      <svg viewBox="0 0 100 36" preserveAspectRatio="none" role="img" aria-label={`${title}: from ${brief(from)} to ${brief(to)}${note === undefined ? "" : `, ${note}`}`}>
        {counts.map((count, i) => {
          const height = count === 0 ? 0 : Math.max(0.8, (count / most) * 35);
          return <rect key={i} x={i * width + 0.2} width={width - 0.4} y={36 - height} height={height} class={middle(i) < 0 ? "fill-low" : "fill-high"} />;
        })}
      </svg>
      <div class="histogram-range" aria-hidden="true">
        <span>{brief(from)}</span>
        <span>{brief(to)}</span>
      </div>
    </figure>
  );
}
