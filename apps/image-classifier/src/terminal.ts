import type { WriteStream } from "node:tty";

/** The ways in which text can stand out, and the numbers that switch each on and off. */
const looks = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], cyan: [36, 39] } as const;

export type Style = Readonly<Record<keyof typeof looks, (text: string) => string>>;

/** What an output can show. */
export interface Terminal {
  /** Characters in a line. */
  readonly columns: number;
  readonly style: Style;
  /** Whether it has the 256 colours, of which 24 are greys. */
  readonly greys: boolean;
}

/** A style that shows in colours, or one that leaves the text as it is. */
export function styleWith(colors: boolean): Style {
  const entries = Object.entries(looks).map(([name, [on, off]]) => [name, (text: string) => (colors ? `\x1b[${on}m${text}\x1b[${off}m` : text)]);
  return Object.fromEntries(entries) as Style;
}

/** What files and pipes show: plain lines of a width that people can read. */
const plain: Terminal = { columns: 100, style: styleWith(false), greys: false };

/** What a stream can show. NO_COLOR, FORCE_COLOR and TERM are honoured on terminals; nothing else ever gets a control character. */
export function terminalOf(stream: NodeJS.WriteStream): Terminal {
  if (!(stream as Partial<WriteStream>).isTTY) return plain;
  return { columns: stream.columns, style: styleWith(stream.hasColors()), greys: stream.hasColors(256) };
}
