export * from "./backpropagate.js";
export * from "./grad-node.js";
export * from "./hooks.js";
export * from "./leaf.js";
export * from "./update.js";
export * from "./gradcheck.js";
export { describeGraph, toDot, type Describer, type Graph, type GraphEdge, type GraphNode, type ValueDescription } from "./graph.js";
export * from "./trace.js";
