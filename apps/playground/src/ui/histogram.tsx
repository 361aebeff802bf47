export interface HistogramProps {
  readonly title: string;
  readonly from: number;
  readonly to: number;
  readonly counts: readonly number[];
  readonly note?: string | undefined;
}

const short = (value: number): string => (value === 0 ? "0" : Math.abs(value) < 0.001 || Math.abs(value) >= 10000 ? value.toExponential(0) : String(Number(value.toPrecision(2))));

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
      <svg viewBox="0 0 100 36" preserveAspectRatio="none" role="img" aria-label={`${title}: from ${short(from)} to ${short(to)}${note === undefined ? "" : `, ${note}`}`}>
        {counts.map((count, i) => {
          const height = count === 0 ? 0 : Math.max(0.8, (count / most) * 35);
          return <rect key={i} x={i * width + 0.2} width={width - 0.4} y={36 - height} height={height} class={middle(i) < 0 ? "fill-low" : "fill-high"} />;
        })}
      </svg>
      <div class="histogram-range" aria-hidden="true">
        <span>{short(from)}</span>
        <span>{short(to)}</span>
      </div>
    </figure>
  );
}
