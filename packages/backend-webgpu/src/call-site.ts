/** Frames of a call site that are shown: the line that called, and who called that. */
const framesShown = 3;

/**
 * Where code outside of the library called into it, as what an error message ends with. Takes some microseconds.
 */
export function callSite(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const { stack = "" } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  // Engines write frames in different ways, but each ends in line and column.
  const frames = stack.split("\n").filter((line) => /:\d+:\d+\)?$/.test(line)).map((line) => line.trim().replace(/^at /, ""));
  // In two steps: in one expression, bundlers take it for the address of a file that they have to ship.
  const here = import.meta.url;
  const siblings = new URL("../..", here).pathname;
  const isOurs = (frame: string): boolean => frame.includes("/@gradus/") || (frame.includes(siblings) && /\/(src|dist)\//.test(frame.slice(frame.indexOf(siblings))));
  const outside = frames.filter((frame) => !isOurs(frame));
  // Bundled together with the user's code, the library has no folder of its own.
  return `, called at\n    ${(outside.length === 0 ? frames : outside).slice(0, framesShown).join("\n    ")}`;
}
