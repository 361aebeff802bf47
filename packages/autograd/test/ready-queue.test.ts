import fc from "fast-check";
import { expect, test } from "vitest";
import { ReadyQueue, type Prioritized } from "../src/ready-queue.js";

test("pops the item of highest priority, and of equal ones the one with the smallest index, at any time", () => {
  // A number is pushed, null pops.
  fc.assert(
    fc.property(fc.array(fc.option(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constant(Infinity)))), (actions) => {
      const queue = new ReadyQueue<Prioritized>();
      const model: Prioritized[] = [];
      for (const [index, priority] of [...actions, ...actions.map(() => null)].entries()) {
        if (priority === null) {
          model.sort((a, b) => (a.priority === b.priority ? a.index - b.index : b.priority - a.priority));
          expect(queue.pop()).toBe(model.shift());
        } else {
          const item = { priority, index };
          queue.push(item);
          model.push(item);
        }
      }
    }),
  );
});
