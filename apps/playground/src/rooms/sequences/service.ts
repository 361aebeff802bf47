/** A network that learns to spell: from the letters so far to the probabilities of the next. */
import { cpu } from "@gradus/backend-cpu";
import { Embedding, LayerNorm, Linear, LSTM, Module, MultiheadAttention } from "@gradus/nn";
import { Adam } from "@gradus/optim";
import { arange, crossEntropy, Generator, manualSeed, noGrad, ones, scope, setDefaultDevice, type Tensor, tensor } from "@gradus/tensor-core";
import { disposeAll, forgetGradients, Speed } from "../../engine/training.js";
import { names, numbers, verse } from "./corpora.js";
import { LONGEST, type State } from "./fields.js";

setDefaultDevice(cpu());

const BATCH = 32;
const HEADS = 4;
/** How long lines that were made up stay. */
const READ_MILLISECONDS = 600;

/** Ends every line, and comes before each. */
const END = "·";

interface Speller extends Module {
  /** `[batch, letters]` to logits `[batch, letters, alphabet]`. */
  forward(letters: Tensor): Tensor;
  /** What each letter looks at, head by head, `[heads, letters, letters]`; null for networks without attention. */
  attention(letters: Tensor): Tensor | null;
}

class LstmSpeller extends Module implements Speller {
  readonly embedding: Embedding;
  readonly lstm: LSTM;
  readonly output: Linear;

  constructor(alphabet: number, width: number) {
    super();
    this.embedding = new Embedding(alphabet, width);
    this.lstm = new LSTM(width, 2 * width, { batchFirst: true });
    this.output = new Linear(2 * width, alphabet);
  }

  forward(letters: Tensor): Tensor {
    return this.output.call(this.lstm.call(this.embedding.call(letters))[0]);
  }

  attention(): null {
    return null;
  }
}

/** One block of a GPT: attention to the letters before, then a small network for each place. */
class AttentionSpeller extends Module implements Speller {
  readonly embedding: Embedding;
  readonly position: Embedding;
  readonly norm1: LayerNorm;
  readonly attend: MultiheadAttention;
  readonly norm2: LayerNorm;
  readonly up: Linear;
  readonly down: Linear;
  readonly norm3: LayerNorm;
  readonly output: Linear;

  constructor(alphabet: number, width: number) {
    super();
    this.embedding = new Embedding(alphabet, width);
    this.position = new Embedding(LONGEST + 1, width);
    this.norm1 = new LayerNorm(width);
    this.attend = new MultiheadAttention(width, HEADS, { batchFirst: true });
    this.norm2 = new LayerNorm(width);
    this.up = new Linear(width, 4 * width);
    this.down = new Linear(4 * width, width);
    this.norm3 = new LayerNorm(width);
    this.output = new Linear(width, alphabet);
  }

  #embed(letters: Tensor): Tensor {
    return this.embedding.call(letters).add(this.position.call(arange(letters.shape[1]!)));
  }

  /** Nobody sees the future: true where one must not look. */
  #future(length: number): Tensor {
    return ones([length, length]).triu(1).gt(0);
  }

  forward(letters: Tensor): Tensor {
    const x = this.#embed(letters);
    const seen = this.norm1.call(x);
    const attended = x.add(this.attend.call(seen, seen, seen, { attnMask: this.#future(letters.shape[1]!), needWeights: false })[0]);
    const result = attended.add(this.down.call(this.up.call(this.norm2.call(attended)).gelu()));
    return this.output.call(this.norm3.call(result));
  }

  attention(letters: Tensor): Tensor | null {
    const seen = this.norm1.call(this.#embed(letters));
    const [, weights] = this.attend.call(seen, seen, seen, { attnMask: this.#future(letters.shape[1]!), averageAttnWeights: false });
    return weights?.select(0, 0) ?? null;
  }
}

export interface Opening {
  readonly lines: number;
  readonly alphabet: readonly string[];
  readonly parameters: number;
  readonly frame: Frame;
}

export interface Frame {
  readonly step: number;
  /** Nats for a letter, over the steps of this frame; null where there were none. */
  readonly loss: number | null;
  readonly samples: readonly { readonly text: string; readonly known: boolean }[];
  readonly probe: Probe;
  readonly stepsPerSecond: number;
}

/** A line as the network reads it. */
export interface Probe {
  readonly letters: readonly string[];
  /** After each letter, the most probable ones. */
  readonly next: readonly (readonly { readonly letter: string; readonly probability: number }[])[];
  /** Rows look at columns; empty without attention. */
  readonly attention: readonly Float32Array[];
}

/** Without those that are too long. */
function linesOf({ corpus, lines }: State): readonly string[] {
  if (corpus === "names") return names;
  if (corpus === "words") return numbers;
  const all = corpus === "verse" ? verse : lines.toLowerCase().split("\n").map((line) => line.trim().replaceAll(/\s+/g, " "));
  const short = all.filter((line) => line !== "" && line.length <= LONGEST && !line.includes(END));
  if (short.length < 2) throw new Error(`lines: expected two or more words or lines of up to ${LONGEST} letters, got ${short.length}; type or paste some, each in a line of its own`);
  return short;
}

class Session {
  readonly lines: readonly string[];
  readonly alphabet: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #codes: ReadonlyMap<string, number>;
  readonly #net: Speller;
  readonly #optimizer: Adam;
  readonly #generator: Generator;
  #step = 0;
  readonly #speed = new Speed();
  #made: { readonly lines: Frame["samples"]; readonly at: number } = { lines: [], at: -Infinity };

  constructor(state: State) {
    this.lines = linesOf(state);
    this.#known = new Set(this.lines);
    this.alphabet = [END, ...[...new Set(this.lines.join(""))].sort()];
    this.#codes = new Map(this.alphabet.map((letter, code) => [letter, code]));
    this.#generator = new Generator(state.seed);
    manualSeed(state.seed);
    const width = Number(state.width);
    this.#net = scope(() => (state.network === "lstm" ? new LstmSpeller(this.alphabet.length, width) : new AttentionSpeller(this.alphabet.length, width)));
    this.#optimizer = new Adam(this.#net.parameters(), { lr: Number(state.rate) });
  }

  get parameters(): number {
    return this.#net.parameters().reduce((total, parameter) => total + parameter.numel(), 0);
  }

  #encode(lines: readonly string[]): { readonly inputs: Tensor; readonly targets: Tensor } {
    const codes = lines.map((line) => [0, ...Array.from(line, (letter) => this.#codes.get(letter)!), 0]);
    const length = Math.max(...codes.map((row) => row.length)) - 1;
    const fill = (row: readonly number[], from: number, empty: number): number[] => Array.from({ length }, (_, i) => (from + i < row.length ? row[from + i]! : empty));
    return {
      inputs: tensor(codes.map((row) => fill(row.slice(0, -1), 0, 0)), { dtype: "int64" }),
      // Nothing is asked after the end of a line.
      targets: tensor(codes.flatMap((row) => fill(row, 1, -100)), { dtype: "int64" }),
    };
  }

  advance(steps: number, milliseconds: number, view: View): Frame {
    const start = performance.now();
    let [taken, losses] = [0, 0];
    while (taken < steps && (taken === 0 || performance.now() - start < milliseconds)) {
      const batch = Array.from({ length: Math.min(BATCH, this.lines.length) }, () => this.lines[Math.floor(this.#generator.uniformDouble() * this.lines.length)]!);
      losses += scope(() => {
        const { inputs, targets } = this.#encode(batch);
        const loss = crossEntropy(this.#net.train().forward(inputs).flatten(0, 1), targets);
        loss.backward();
        this.#optimizer.step();
        return loss.itemSync();
      });
      forgetGradients(this.#net, this.#optimizer);
      this.#step++;
      taken++;
    }
    if (taken > 0) this.#speed.note(taken, performance.now() - start);
    return { step: this.#step, loss: taken === 0 ? null : losses / taken, samples: this.#samplesNow(taken, view.temperature), probe: this.#read(view.probe), stepsPerSecond: this.#speed.value };
  }

  /** New lines whenever somebody asks, and while it learns no more often than they can be read: making them up takes as long as some steps. */
  #samplesNow(taken: number, temperature: number): Frame["samples"] {
    const now = performance.now();
    if (taken === 0 || now - this.#made.at > READ_MILLISECONDS) this.#made = { lines: this.#sample(8, temperature), at: performance.now() };
    return this.#made.lines;
  }

  /** Lines that the network makes up, letter by letter, all at once. */
  #sample(count: number, temperature: number): Frame["samples"] {
    // Of its own, so that looking does not change what is learned.
    const generator = new Generator(this.#step + 1);
    const rows = Array.from({ length: count }, () => [0]);
    const done = new Set<number>();
    for (let i = 0; i < LONGEST && done.size < count; i++) {
      const probabilities = this.#probabilities(rows, temperature);
      rows.forEach((row, r) => {
        const code = draw(probabilities[r]!, generator.uniformDouble());
        if (code === 0) done.add(r);
        row.push(done.has(r) ? 0 : code);
      });
    }
    return rows.map((row) => {
      const text = row.map((code) => (code === 0 ? "" : this.alphabet[code]!)).join("");
      return { text, known: this.#known.has(text) };
    });
  }

  /** Of the next letter after each row; all rows are equally long. */
  #probabilities(rows: readonly (readonly number[])[], temperature: number): Float32Array[] {
    return scope(() =>
      noGrad(() => {
        const logits = this.#net.eval().forward(tensor(rows, { dtype: "int64" })).select(1, -1);
        const values = Float32Array.from(logits.div(temperature).softmax(1).readSync(), Number);
        const width = this.alphabet.length;
        return rows.map((_, r) => values.slice(r * width, (r + 1) * width));
      }),
    );
  }

  #read(line: string): Probe {
    const letters = Array.from(line.toLowerCase()).filter((letter) => this.#codes.has(letter) && letter !== END).slice(0, LONGEST);
    const codes = [0, ...letters.map((letter) => this.#codes.get(letter)!)];
    return scope(() =>
      noGrad(() => {
        const inputs = tensor([codes], { dtype: "int64" });
        const probabilities = this.#net.eval().forward(inputs).softmax(2).readSync();
        const width = this.alphabet.length;
        const next = codes.map((_, i) =>
          this.alphabet
            .map((letter, code) => ({ letter, probability: Number(probabilities[i * width + code]) }))
            .sort((a, b) => b.probability - a.probability)
            .slice(0, 3),
        );
        const weights = this.#net.attention(inputs);
        const area = codes.length ** 2;
        const values = weights === null ? null : Float32Array.from(weights.readSync(), Number);
        return { letters: [END, ...letters], next, attention: values === null ? [] : Array.from({ length: HEADS }, (_, head) => values.slice(head * area, (head + 1) * area)) };
      }),
    );
  }

  dispose(): void {
    disposeAll(this.#net, this.#optimizer);
  }
}

/** The place in a row of probabilities that a number from 0 to 1 falls on. */
function draw(probabilities: Float32Array, u: number): number {
  let rest = u;
  const found = probabilities.findIndex((p) => (rest -= p) < 0);
  return found < 0 ? 0 : found;
}

/** How it is looked at. */
export interface View {
  readonly temperature: number;
  readonly probe: string;
}

let session: Session | undefined;

export const service = {
  open(state: State, view: View): Opening {
    const next = new Session(state);
    service.close();
    session = next;
    return { lines: next.lines.length, alphabet: next.alphabet, parameters: next.parameters, frame: next.advance(0, 0, view) };
  },
  /** Frees all that the session holds. A page need not ask for it, as its worker ends. */
  close(): void {
    session?.dispose();
    session = undefined;
  },
  advance(steps: number, milliseconds: number, view: View): Frame {
    if (session === undefined) throw new Error("internal: open a corpus first");
    return session.advance(steps, milliseconds, view);
  },
};
