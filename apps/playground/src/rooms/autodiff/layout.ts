/** Where the nodes of a graph are drawn: in columns from what is given to what is computed, with few crossings. */
import type { Graph } from "@gradus/autograd";

interface Place {
  readonly column: number;
  /** In rows, which may be halves. */
  readonly row: number;
}

export interface GraphLayout {
  readonly places: readonly Place[];
  readonly columns: number;
  readonly rows: number;
}

export function layOut({ nodes, edges }: Graph<unknown>): GraphLayout {
  // An operation stands right of all its inputs …
  const column = new Array<number>(nodes.length).fill(0);
  for (const { id } of nodes) for (const { from } of edges.filter(({ to }) => to === id)) column[id] = Math.max(column[id]!, column[from]! + 1);
  // … and what is given close to where it is first used.
  for (const { id, kind } of nodes) {
    const users = edges.filter(({ from }) => from === id).map(({ to }) => column[to]!);
    if (kind !== "operation" && users.length > 0) column[id] = Math.min(...users) - 1;
  }
  const columns = Math.max(0, ...column) + 1;
  const layers = Array.from({ length: columns }, (_, c) => nodes.filter(({ id }) => column[id] === c).map(({ id }) => id));

  // Each node near the middle of its neighbours, again and again from one side to the other.
  const row = new Array<number>(nodes.length).fill(0);
  const place = (layer: number[]): void => layer.forEach((id, i) => (row[id] = i - (layer.length - 1) / 2));
  layers.forEach(place);
  const settle = (layer: number[], neighbours: (id: number) => number[]): void => {
    const wish = new Map(
      layer.map((id) => {
        const rows = neighbours(id).map((each) => row[each]!);
        return [id, rows.length === 0 ? row[id]! : rows.reduce((a, b) => a + b) / rows.length];
      }),
    );
    layer.sort((a, b) => wish.get(a)! - wish.get(b)!);
    place(layer);
  };
  const before = (id: number): number[] => edges.filter(({ to }) => to === id).map(({ from }) => from);
  const after = (id: number): number[] => edges.filter(({ from }) => from === id).map(({ to }) => to);
  for (let round = 0; round < 6; round++) {
    for (const layer of layers) settle(layer, before);
    for (const layer of [...layers].reverse()) settle(layer, after);
  }
  const rows = Math.max(1, ...layers.map(({ length }) => length));
  return { places: nodes.map(({ id }) => ({ column: column[id]!, row: row[id]! + (rows - 1) / 2 })), columns, rows };
}
