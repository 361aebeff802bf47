export { LeNet } from "./lenet.js";
export type { LeNetOptions } from "./lenet.js";
export { MLP } from "./mlp.js";
export type { MlpOptions } from "./mlp.js";
