import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { css, diverging, palette } from "../../theme.js";
import { Canvas, type Drawing } from "../../ui/canvas.js";
import { decimals } from "../../ui/format.js";
import { normalizer, paintField } from "../../ui/plane.js";
import type { Frame, Opening } from "./frames.js";
import { featureLabels } from "./names.js";
import { featureNames, mostLayers, mostUnits, type Setup } from "./setup.js";

/** A node: column 0 are the features, then the hidden layers, at last the outputs. */
export interface NodeId {
  readonly column: number;
  readonly row: number;
}

export interface NetworkViewProps {
  readonly setup: Setup;
  readonly opening: Opening;
  readonly frame: Frame;
  readonly chosen: NodeId | null;
  readonly onChoose: (node: NodeId | null) => void;
  readonly onChange: (change: Partial<Pick<Setup, "features" | "layers">>) => void;
}

const NODE = 40;
const ROW = 54;
const HEAD = 58;
/** Columns need not come closer than this; a narrow screen scrolls. */
const LEAST_COLUMN = 92;

/** The network: what goes in, what each unit makes of the plane, what comes out. */
export function NetworkView({ setup, opening, frame, chosen, onChoose, onChange }: NetworkViewProps) {
  const host = useRef<HTMLDivElement>(null);
  const [available, setAvailable] = useState(0);
  useLayoutEffect(() => {
    const element = host.current!;
    const observer = new ResizeObserver(() => setAvailable(element.clientWidth));
    observer.observe(element);
    setAvailable(element.clientWidth);
    return () => observer.disconnect();
  }, []);

  const outputs = frame.outputs.length;
  const rowsOf = [featureNames.length, ...setup.layers, outputs];
  const columns = rowsOf.length;
  const width = Math.max(available, columns * LEAST_COLUMN);
  const height = HEAD + Math.max(...rowsOf) * ROW;
  // Room for the longest name of a feature.
  const left = 54;
  const columnX = (column: number): number => left + (column * (width - left - NODE - 24)) / (columns - 1);
  const nodeY = ({ column, row }: NodeId): number => HEAD + ((Math.max(...rowsOf) - rowsOf[column]!) * ROW) / 2 + row * ROW;
  /** Rows of a column that have links: of the features those that are used. */
  const usedRows = (column: number): number[] =>
    column === 0 ? setup.features.map((name) => featureNames.indexOf(name)) : Array.from({ length: rowsOf[column]! }, (_, row) => row);

  const draw = ({ context }: Drawing): void => {
    const colours = palette.value;
    // Links, the thin ones first.
    const links = frame.weights.flatMap((weights, layer) => {
      const sources = usedRows(layer);
      return Array.from(weights, (weight, i) => ({ weight, from: { column: layer, row: sources[i % sources.length]! }, to: { column: layer + 1, row: Math.floor(i / sources.length) } }));
    });
    links.sort((a, b) => Math.abs(a.weight) - Math.abs(b.weight));
    for (const { weight, from, to } of links) {
      const size = Math.min(1, Math.abs(weight) / 2.5);
      const touches = chosen === null || (chosen.column === to.column && chosen.row === to.row) || (chosen.column === from.column && chosen.row === from.row);
      context.globalAlpha = touches ? 1 : 0.2;
      context.strokeStyle = css(diverging(colours, Math.sign(weight) * (0.35 + 0.65 * size)), 0.9);
      context.lineWidth = 0.6 + 5.4 * size;
      const [x1, x2] = [columnX(from.column) + NODE, columnX(to.column)];
      const [y1, y2] = [nodeY(from) + NODE / 2, nodeY(to) + NODE / 2];
      context.beginPath();
      context.moveTo(x1, y1);
      context.bezierCurveTo((x1 + x2) / 2, y1, (x1 + x2) / 2, y2, x2, y2);
      context.stroke();
    }
    context.globalAlpha = 1;
    for (let column = 0; column < columns; column++) {
      usedRows(column).forEach((row, i) => {
        const values = fieldOf({ column, row: i }, setup, opening, frame);
        const [x, y] = [columnX(column), nodeY({ column, row })];
        context.save();
        context.beginPath();
        context.roundRect(x, y, NODE, NODE, 7);
        context.clip();
        paintField(context, colours, values, opening.resolution, { x, y, size: NODE, scale: column === columns - 1 ? 1 : normalizer(values) });
        context.restore();
      });
    }
  };

  const choose = (node: NodeId) => () => onChoose(chosen?.column === node.column && chosen.row === node.row ? null : node);
  const setLayer = (layer: number, units: number): void => onChange({ layers: setup.layers.map((each, i) => (i === layer ? units : each)) });
  const place = (node: NodeId) => ({ left: `${columnX(node.column)}px`, top: `${nodeY(node)}px`, width: `${NODE}px`, height: `${NODE}px` });
  const isChosen = ({ column, row }: NodeId): boolean => chosen?.column === column && chosen.row === row;

  return (
    <div class="network">
      <div class="network-scroll" ref={host} tabIndex={0} role="group" aria-label="Network: features, hidden units and outputs">
        <div class="network-plan" style={{ width: `${width}px`, height: `${height}px` }}>
          <Canvas class="network-canvas" label="Links between units: orange below zero, blue above, thicker for larger weights" draw={draw} />
          <div class="column-head" style={{ left: `${columnX(0) - 30}px` }}>
            Features
          </div>
          {featureNames.map((name, row) => {
            const used = setup.features.includes(name);
            const last = used && setup.features.length === 1;
            return (
              <button
                key={name}
                type="button"
                class={`node feature ${used ? "" : "unused"}`}
                style={place({ column: 0, row })}
                aria-pressed={used}
                aria-disabled={last}
                title={last ? "The network needs one feature at least" : undefined}
                onClick={() => {
                  if (!last) onChange({ features: used ? setup.features.filter((each) => each !== name) : [...setup.features, name] });
                }}
              >
                <span>{featureLabels[name]}</span>
              </button>
            );
          })}
          {setup.layers.map((units, layer) => (
            <div key={layer} class="column-head" style={{ left: `${columnX(layer + 1) - 30}px` }}>
              <span>
                {units} {units === 1 ? "unit" : "units"}
              </span>
              <div class="stepper">
                <button type="button" aria-label={`Fewer units in hidden layer ${layer + 1}`} disabled={units <= 1} onClick={() => setLayer(layer, units - 1)}>
                  −
                </button>
                <button type="button" aria-label={`More units in hidden layer ${layer + 1}`} disabled={units >= mostUnits} onClick={() => setLayer(layer, units + 1)}>
                  +
                </button>
              </div>
            </div>
          ))}
          {setup.layers.flatMap((units, layer) =>
            Array.from({ length: units }, (_, row) => {
              const node = { column: layer + 1, row };
              return (
                <button
                  key={`${layer}.${row}`}
                  type="button"
                  class="node"
                  style={place(node)}
                  aria-pressed={isChosen(node)}
                  aria-label={`Hidden layer ${layer + 1}, unit ${row + 1}`}
                  title={`bias ${decimals(frame.biases[layer]?.[row] ?? 0)}`}
                  onClick={choose(node)}
                />
              );
            }),
          )}
          <div class="column-head" style={{ left: `${columnX(columns - 1) - 30}px` }}>
            {outputs === 1 ? "Output" : "Outputs"}
          </div>
          {Array.from({ length: outputs }, (_, row) => {
            const node = { column: columns - 1, row };
            return <button key={row} type="button" class="node" style={place(node)} aria-pressed={isChosen(node)} aria-label={`Output ${row + 1}`} title={`bias ${decimals(frame.biases.at(-1)?.[row] ?? 0)}`} onClick={choose(node)} />;
          })}
        </div>
      </div>
    </div>
  );
}

/** Adds a hidden layer, and removes the last one. */
export function LayerStepper({ layers, onChange }: { readonly layers: readonly number[]; readonly onChange: (layers: readonly number[]) => void }) {
  return (
    <div class="stepper">
      <button type="button" aria-label="Remove the last hidden layer" title="Remove the last hidden layer" disabled={layers.length === 0} onClick={() => onChange(layers.slice(0, -1))}>
        −
      </button>
      <button type="button" aria-label="Add a hidden layer" title="Add a hidden layer" disabled={layers.length >= mostLayers} onClick={() => onChange([...layers, layers.at(-1) ?? 4])}>
        +
      </button>
    </div>
  );
}

/** What a node makes of the plane. Rows of features count those that are used. */
export function fieldOf({ column, row }: NodeId, setup: Setup, opening: Opening, frame: Frame): Float32Array {
  if (column === 0) return opening.features[row]!;
  return column <= setup.layers.length ? frame.hidden[column - 1]![row]! : frame.outputs[row]!;
}

/** A unit in words: what it adds up. */
export function describeNode({ column, row }: NodeId, setup: Setup, frame: Frame): { readonly title: string; readonly terms: readonly (readonly [string, string])[] } {
  const layer = column - 1;
  const weights = frame.weights[layer]!;
  const inputs = layer === 0 ? setup.features.map((name) => featureLabels[name]) : Array.from({ length: setup.layers[layer - 1]! }, (_, i) => `h${i + 1}`);
  return {
    title: layer < setup.layers.length ? `Hidden layer ${column}, unit ${row + 1}` : `Output ${row + 1}`,
    terms: [...inputs.map((name, i) => [name, decimals(weights[row * inputs.length + i]!)] as const), ["bias", decimals(frame.biases[layer]![row]!)] as const],
  };
}
