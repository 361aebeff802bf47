export { Scalar, type BackwardOptions, type Operand, type ScalarHistory, type ScalarOptions } from "./scalar.js";
export { functions, type BinaryName, type ScalarFunction, type UnaryName } from "./functions.js";
export type { ScalarNode } from "./scalar-node.js";
export { graphOf, traceOf } from "./trace.js";
export { printTrace, stateAt, toDot } from "@gradus/autograd";
export type { Graph, NodeState, Trace, TraceStep } from "@gradus/autograd";
