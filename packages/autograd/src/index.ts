export * from "./backpropagate.js";
export * from "./hooks.js";
export * from "./grad-node.js";
