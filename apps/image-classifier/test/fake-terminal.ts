import { Writable } from "node:stream";

/** An output that remembers what was written to it, and says of itself what a terminal says, or nothing. */
export class FakeOutput extends Writable {
  text = "";

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  get lines(): string[] {
    return this.text.split("\n");
  }
}

export class FakeTerminal extends FakeOutput {
  readonly isTTY = true;

  constructor(
    readonly columns: number,
    readonly colors: number,
  ) {
    super();
  }

  hasColors(count = 16): boolean {
    return count <= this.colors;
  }
}

export const asStream = (output: FakeOutput): NodeJS.WriteStream => output as unknown as NodeJS.WriteStream;

/** What is seen of a text with colours. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
export const visible = (text: string): string => text.replaceAll(/\x1b\[[0-9;]*m/g, "");
