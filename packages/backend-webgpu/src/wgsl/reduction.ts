import type { Reduction } from "@gradus/kernel-ir";
import { reductionChunk } from "@gradus/kernel-ir";
import type { Block } from "./block.js";
import { pointCount } from "./digits.js";
import type { LoopAxis } from "./kernel.js";
import type { Tuple } from "./tuple.js";

/**
 * A reduction whose parts several invocations compute, in the order of `Reduction`'s doc comment, to the letter. Its partial results, one for each
 * lane of each chunk of each row, do not know of each other: so they can be computed anywhere, if only each lane folds its own into its total in their order.
 */
export class SharedReduction {
  readonly row: LoopAxis;
  readonly rowAxes: readonly LoopAxis[];
  /** Expressions of WGSL: the length of a row, its steps of all lanes, its chunks of steps, the number of rows. */
  readonly length: string;
  readonly steps: string;
  readonly chunks: string;
  readonly rows: string;
  readonly identity: string;

  /** @param block - Where the outer axes are bound. */
  constructor(
    readonly block: Block,
    readonly reduction: Reduction,
    readonly number: number,
    readonly tuple: Tuple,
    inner: readonly LoopAxis[],
  ) {
    const row = inner.at(-1);
    if (row === undefined) throw new Error("internal: a reduction has no inner axis");
    this.row = row;
    this.rowAxes = inner.slice(0, -1);
    this.identity = tuple.identity(block);
    this.length = block.value(row.extent);
    this.steps = reduction.lanes === 1 ? this.length : block.name(`${this.length} / ${String(reduction.lanes)}`);
    this.chunks = block.name(`u32((${this.steps} + ${String(reductionChunk - 1)}) / ${String(reductionChunk)})`);
    this.rows = block.name(pointCount(block, this.rowAxes));
  }

  /** What a value of this reduction is called. */
  name(what: string): string {
    return `${what}${String(this.number)}`;
  }

  /** `into = combine(into, value)` */
  add(body: Block, into: string, value: string): void {
    body.line(`${into} = ${this.tuple.combine(into, value)};`);
  }

  /** Adds one chunk of a row whose axes are bound, from the step `begin` on; `lane` is that of the invocation, an i32. */
  addChunk(body: Block, into: string, begin: string, lane: string): void {
    body.nest(`for (var step = ${begin}; step < min(${begin} + ${String(reductionChunk)}, ${this.steps}); step++)`, (step) => {
      this.#addPosition(step, into, this.reduction.lanes === 1 ? "step" : `step * ${String(this.reduction.lanes)} + ${lane}`);
    });
  }

  /**
   * From the totals of the lanes to the result, which every invocation then knows.
   *
   * @param parts - Memory of the workgroup, in which each invocation has a place.
   * @param lane - Which lane it is.
   * @param first - The place of the point's first lane.
   */
  finish(parts: string, lane: string, first: string): void {
    const { block, tuple, reduction: { lanes } } = this;
    const result = `${parts}[${first}]`;
    block.line(`${parts}[lane] = ${this.name("total")};`);
    block.line("workgroupBarrier();");
    if (lanes > 1) {
      block.nest(`for (var half = ${String(lanes / 2)}u; half > 0u; half /= 2u)`, (body) => {
        body.nest(`if (${lane} < half)`, (adding) => adding.line(`${parts}[lane] = ${tuple.combine(`${parts}[lane]`, `${parts}[lane + half]`)};`));
        body.line("workgroupBarrier();");
      });
      const tail = this.name("tail");
      block.nest(`if (${lane} == 0u)`, (body) => {
        body.line(`var ${tail} = ${this.identity};`);
        body.loops(this.rowAxes, (each) => {
          each.nest(`for (var rest = ${this.steps} * ${String(lanes)}; rest < ${this.length}; rest++)`, (rest) => this.#addPosition(rest, tail, "rest"));
        });
        body.line(`${result} = ${tuple.combine(result, tail)};`);
      });
      block.line("workgroupBarrier();");
    }
    block.line(`let ${this.name("result")} = ${result};`);
    this.bindResult(block, this.name("result"));
  }

  /** Gives the components of the result their names. */
  bindResult(block: Block, result: string): void {
    this.reduction.lift.forEach((_, slot) => block.bindResult(this.number, slot, this.tuple.component(result, slot)));
  }

  #addPosition(body: Block, into: string, position: string): void {
    const index = `i${String(this.row.axis)}`;
    body.line(`let ${index} = ${position};`);
    body.bindIndex(this.row.axis, index);
    this.add(body, into, this.tuple.make(body.values(this.reduction.lift)));
  }
}
