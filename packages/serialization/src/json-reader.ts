const SPACE: ReadonlySet<string | undefined> = new Set([" ", "\t", "\n", "\r"]);

/** Sixteen digits are enough for 2⁵³. */
const INTEGER = /(?:0|[1-9][0-9]{0,15})(?![0-9.eE])/y;

/** A text of the file for a message: one line, not too long. */
export const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

/**
 * Reads JSON whose structure the caller knows, value by value.
 *
 * `JSON.parse` would let the last of two equal keys win, build whatever the text asks for, and only then could it be checked. This reader
 * takes nothing but what was asked for, and refuses equal keys and numbers that are no exact non-negative integers.
 *
 * Every method throws a SyntaxError that says what was expected and where.
 *
 * ```ts
 * const reader = new JsonReader('{"sizes": [2, 3]}');
 * reader.object((key) => reader.array(() => list.push(reader.integer())));
 * ```
 */
export class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** An object; `value` is called after each key and must read the key's value. */
  object(value: (key: string) => void): void {
    const keys = new Set<string>();
    this.#list("{", "}", () => {
      const start = this.#at;
      const key = this.string();
      if (keys.has(key)) throw new SyntaxError(`the key ${quote(key)} stands twice (again at character ${start})`);
      keys.add(key);
      this.#take(":");
      value(key);
    });
  }

  /** An array; `item` is called for each item and must read it. */
  array(item: () => void): void {
    this.#list("[", "]", item);
  }

  string(): string {
    this.#skipSpace();
    const start = this.#at;
    if (this.#text[start] !== '"') throw this.#unexpected("a string");
    let end = start;
    let escaped: boolean;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) throw new SyntaxError(`the string at character ${start} does not end`);
      let backslashes = 0;
      while (this.#text[end - 1 - backslashes] === "\\") backslashes++;
      escaped = backslashes % 2 === 1;
    } while (escaped);
    this.#at = end + 1;
    return JSON.parse(this.#text.slice(start, end + 1)) as string;
  }

  /** An integer from 0 to 2⁵³ − 1. */
  integer(): number {
    this.#skipSpace();
    INTEGER.lastIndex = this.#at;
    const value = Number(INTEGER.exec(this.#text)?.[0] ?? NaN);
    if (!Number.isSafeInteger(value)) throw this.#unexpected("an integer from 0 to 2^53 - 1");
    this.#at = INTEGER.lastIndex;
    return value;
  }

  /** Nothing but space up to the end. */
  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#unexpected("the end");
  }

  #list(open: string, close: string, item: () => void): void {
    this.#take(open);
    if (this.#takes(close)) return;
    do item();
    while (this.#takes(","));
    this.#take(close);
  }

  #take(character: string): void {
    if (!this.#takes(character)) throw this.#unexpected(JSON.stringify(character));
  }

  #takes(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (SPACE.has(this.#text[this.#at])) this.#at++;
  }

  #unexpected(expected: string): SyntaxError {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#text[this.#at]) : "the end";
    return new SyntaxError(`expected ${expected} at character ${this.#at}, found ${found}`);
  }
}
