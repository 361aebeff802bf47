import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { palette } from "../theme.js";

interface Line {
  readonly label: string;
  readonly color: string;
  readonly dashed?: boolean;
}

export interface LineChartProps {
  readonly label: string;
  readonly lines: readonly Line[];
  /** x, then the y of each line. */
  readonly data: readonly (readonly number[])[];
  readonly height: number;
  readonly range?: readonly [number, number];
}

const compact = (value: number): string => (Math.abs(value) >= 10000 ? `${Math.round(value / 1000)}k` : String(Number(value.toPrecision(3))));

/** Curves over steps. */
export function LineChart({ label, lines, data, height, range }: LineChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const { ink, faint, line } = palette.value;
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const element = host.current!;
    const axis = {
      stroke: faint,
      font: "11px system-ui, sans-serif",
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
    };
    const chart = new uPlot(
      {
        width: Math.max(element.clientWidth, 50),
        height,
        legend: { show: false },
        cursor: { x: true, y: false, drag: { x: false, y: false }, points: { size: 6 } },
        padding: [8, 10, 0, 0],
        scales: { x: { time: false }, y: range === undefined ? { range: { min: { soft: 0, mode: 1, pad: 0 }, max: { pad: 0.1 } } } : { range: [...range] as [number, number] } },
        axes: [
          { ...axis, size: 24, values: (_, ticks) => ticks.map(compact), grid: { show: false } },
          { ...axis, size: 42, values: (_, ticks) => ticks.map((tick) => compact(tick)) },
        ],
        series: [{}, ...lines.map(({ label: name, color, dashed }) => ({ label: name, stroke: color, width: 1.75, points: { show: false }, ...(dashed === true ? { dash: [5, 4] } : {}) }))],
      },
      latest.current as uPlot.AlignedData,
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
  }, [ink, height, lines.map(({ label: name, color }) => name + color).join()]);
  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData);
  }, [data]);

  return <div ref={host} class="line-chart" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}
