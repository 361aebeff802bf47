import { climb, operands, table } from "@gradus/matmul-ladder";

/** A matrix product five ways, from three loops to one call. `apps/matmul-ladder/src/rungs.ts` is what there is to read. */
export function matmul(): void {
  const [a, b] = operands();
  console.log(`[${a.shape.join(", ")}] @ [${b.shape.join(", ")}]\n`);
  console.log(table(climb(a, b, () => performance.now())));
}
