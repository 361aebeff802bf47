/** What a node must say to wait in the queue. */
export interface Prioritized {
  readonly priority: number;
  /** Breaks ties: the smaller goes first. */
  readonly index: number;
}

const before = (a: Prioritized, b: Prioritized): boolean =>
  a.priority > b.priority || (a.priority === b.priority && a.index < b.index);

/** A binary heap: `pop` gives the item of highest priority. */
export class ReadyQueue<T extends Prioritized> {
  readonly #heap: T[] = [];

  push(item: T): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(item, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = item;
  }

  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}
