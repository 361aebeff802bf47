#!/usr/bin/env node
/** One matrix product five ways, timed here and now. `rungs.ts` is what there is to read. */
import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice } from "@gradus/tensor-core";
import { climb, operands, table } from "./climb.js";

setDefaultDevice(cpu());
const [a, b] = operands();
console.log(`[${a.shape.join(", ")}] @ [${b.shape.join(", ")}]\n`);
console.log(table(climb(a, b, () => performance.now())));
