import { ModuleBuilder } from "./assembler/index.js";

const signature = { params: ["i32"], results: ["i32"] } as const;

/** Calls function `slot` of the table with the address of a block of arguments; gives its status. */
export type Launch = (slot: number, block: number) => number;

/**
 * One function through which JavaScript calls all generated ones. A call site that sees one target is much faster than one
 * that sees as many as there are programs; the indirect call behind it costs about two nanoseconds.
 */
export function createLauncher(table: WebAssembly.Table): Launch {
  const module = new ModuleBuilder();
  module.importTable("device", "table");
  const launch = module.function({ params: ["i32", "i32"], results: ["i32"] });
  launch.body.get(1).get(0).op("call_indirect", module.type(signature), 0);
  module.export("launch", launch);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.bytes()), { device: { table } });
  return instance.exports.launch as Launch;
}
