export { climb, operands, table } from "./climb.js";
export type { Step } from "./climb.js";
