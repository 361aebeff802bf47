import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Curves } from "../engine/curves.js";
import { palette } from "../theme.js";
import { brief, count } from "./format.js";

interface Line {
  /** Its name among the curves, and what it is called. */
  readonly name: string;
  readonly label: string;
  readonly color: string;
  readonly dashed?: boolean;
}

export interface LineChartProps {
  /** What the curves are of: "Loss". */
  readonly title: string;
  readonly lines: readonly Line[];
  readonly curves: Curves;
  readonly height: number;
  /** From 0 to this, whatever the values are. */
  readonly top?: number;
  readonly format?: (value: number) => string;
}

const compact = (value: number): string => (value >= 10000 ? `${Math.round(value / 1000)}k` : String(Number(value.toPrecision(3))));

/** Curves over steps; under the pointer their values at a step. */
export function LineChart({ title, lines, curves, height, top, format = (value) => brief(value, 4) }: LineChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const [pointed, point] = useState<number | null>(null);
  const { ink, faint, line } = palette.value;
  const data = [curves.steps, ...lines.map(({ name }) => curves.values[name] ?? [])] as unknown as uPlot.AlignedData;
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const element = host.current!;
    const axis = { stroke: faint, font: "11px system-ui, sans-serif", grid: { stroke: line, width: 1 }, ticks: { show: false } };
    const chart = new uPlot(
      {
        width: Math.max(element.clientWidth, 50),
        height,
        legend: { show: false },
        cursor: { x: true, y: false, drag: { x: false, y: false }, points: { size: 6 } },
        padding: [8, 18, 0, 0],
        scales: {
          x: { time: false, range: (_, from, to) => [Math.min(0, from), Math.max(to, 10)] },
          y: top === undefined ? { range: { min: { soft: 0, mode: 1, pad: 0 }, max: { pad: 0.1 } } } : { range: [0, top] },
        },
        axes: [
          { ...axis, size: 24, values: (_, ticks) => ticks.map(compact), grid: { show: false } },
          { ...axis, size: 42, values: (_, ticks) => ticks.map(compact) },
        ],
        series: [{}, ...lines.map(({ label, color, dashed }) => ({ label, stroke: color, width: 1.75, points: { show: false }, ...(dashed === true ? { dash: [5, 4] } : {}) }))],
        hooks: { setCursor: [({ cursor: { idx, left = -1 } }) => point(left < 0 ? null : (idx ?? null))] },
      },
      latest.current,
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: Math.max(element.clientWidth, 50), height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
    // Colours and scales belong to a chart from its making on; there are few of them, and it is made quickly.
  }, [ink, height, top, lines.map(({ name, color }) => name + color).join()]);
  useEffect(() => {
    plot.current?.setData(latest.current);
  }, [curves]);

  const at = pointed !== null && pointed < curves.steps.length ? pointed : null;
  const valueAt = (name: string): string => {
    const value = at === null ? undefined : curves.values[name]?.[at];
    return value === undefined || Number.isNaN(value) ? "–" : format(value);
  };
  return (
    <figure class="line-chart">
      <figcaption>
        <span class="line-chart-title">
          {title} <span class="faint">{at === null ? "over steps" : `at step ${count(curves.steps[at]!)}`}</span>
        </span>
        {lines.map(({ name, label, color, dashed }) => (
          <span key={name} class="line-chart-value">
            <span class={`line-mark ${dashed === true ? "dashed" : ""}`} style={{ color }} aria-hidden="true" />
            {at === null ? label : <b>{valueAt(name)}</b>}
          </span>
        ))}
      </figcaption>
      <div ref={host} role="img" aria-label={`${title} over steps`} style={{ height: `${height}px` }} />
    </figure>
  );
}
