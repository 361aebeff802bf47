/** Without the parentheses around the whole: for places that need none. */
export function bare(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") open++;
    if (text[i] === ")" && --open === 0 && i < text.length - 1) return text;
  }
  return text.slice(1, -1);
}

/** A call of a function with one argument or two. */
export const call = (name: string, ...args: readonly string[]): string => `${name}(${args.map(bare).join(", ")})`;

/** One level deeper. */
export const indent = (text: string): string => text.replace(/^(?=.)/gm, "  ");
