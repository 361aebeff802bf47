/** An image with one channel, row after row, from 0 (black) to 1 (white). */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: ArrayLike<number>;
}

/** A text of several lines that take the same width on the screen. */
export interface Block {
  readonly lines: readonly string[];
  readonly width: number;
}

/** The greys of the 256 colours, from nearly black to nearly white. */
const FIRST_GREY = 232;
const GREYS = 24;

const SHADES = " ░▒▓█";

/** Images narrower than this are drawn larger. */
const LEAST_WIDTH = 14;

const clamp = (value: number): number => Math.min(Math.max(value, 0), 1);
const level = (value: number, levels: number): number => Math.round(value * (levels - 1));

/**
 * Draws an image in characters that are as high as two pixels and as wide as one.
 *
 * @param greys - With grey levels, by the half block, whose upper and lower half have a colour each; else with shaded blocks, where each is
 *   the mean of two pixels.
 */
export function drawPicture(picture: Picture, greys: boolean): Block {
  const scale = Math.ceil(LEAST_WIDTH / picture.width);
  const width = picture.width * scale;
  const height = picture.height * scale;
  const pixel = (x: number, y: number): number => clamp(picture.pixels[Math.floor(y / scale) * picture.width + Math.floor(x / scale)] ?? 0);
  const drawRow = greys ? halfBlocks : shades;
  const lines = Array.from({ length: Math.ceil(height / 2) }, (_, row) => drawRow(width, (x) => pixel(x, 2 * row), (x) => pixel(x, 2 * row + 1)));
  return { lines, width };
}

type Row = (width: number, upper: (x: number) => number, lower: (x: number) => number) => string;

const halfBlocks: Row = (width, upper, lower) => {
  let text = "";
  let current = "";
  for (let x = 0; x < width; x++) {
    const [above, below] = [FIRST_GREY + level(upper(x), GREYS), FIRST_GREY + level(lower(x), GREYS)];
    const background = `\x1b[48;5;${below}`;
    // Where both halves are alike the background alone shows them, without the hairlines that some fonts leave around a block.
    const [colors, character] = above === below ? [`${background}m`, " "] : [`${background};38;5;${above}m`, "▀"];
    // Neighbours are often alike too; colours are said only when they change.
    text += colors === current ? character : colors + character;
    current = colors;
  }
  return `${text}\x1b[0m`;
};

const shades: Row = (width, upper, lower) => Array.from({ length: width }, (_, x) => SHADES[level((upper(x) + lower(x)) / 2, SHADES.length)]).join("");

/** Puts blocks beside each other, as many in a line as fit, and lines of blocks below each other. */
export function layOut(blocks: readonly Block[], columns: number, gap = 3): string[] {
  const lines: string[] = [];
  let rest = [...blocks];
  while (rest.length > 0) {
    const count = howManyFit(rest, columns, gap);
    const row = rest.slice(0, count);
    rest = rest.slice(count);
    const height = Math.max(...row.map((block) => block.lines.length));
    for (let i = 0; i < height; i++) {
      lines.push(row.map((block) => block.lines[i] ?? " ".repeat(block.width)).join(" ".repeat(gap)).trimEnd());
    }
    if (rest.length > 0) lines.push("");
  }
  return lines;
}

/** How many of the first blocks fit into a line; one in any case. */
export function howManyFit(blocks: readonly Block[], columns: number, gap = 3): number {
  let end = -gap;
  const tooMany = blocks.findIndex((block) => (end += gap + block.width) > columns);
  return tooMany < 0 ? blocks.length : Math.max(1, tooMany);
}
