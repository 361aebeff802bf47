/** A LeNet that learns images in the page, and shows what it sees. */
import { cpu } from "@gradus/backend-cpu";
import { loadDigits, readIdx } from "@gradus/datasets";
import { LeNet } from "@gradus/models";
import { Adam } from "@gradus/optim";
import { loadSafetensors, saveSafetensors } from "@gradus/serialization";
import { crossEntropy, Generator, manualSeed, noGrad, scope, setDefaultDevice, type Tensor, tensor } from "@gradus/tensor-core";
import { disposeAll, forgetGradients, Speed } from "../../engine/training.js";

setDefaultDevice(cpu());

/** So many test images are looked at for a frame; all of the digits. */
const MOST_TESTED = 500;
/** So many training images of a large set are kept: enough to learn, little enough for a phone. */
const MOST_TRAINED = 12_000;

interface Images {
  readonly count: number;
  /** One row for each image, 0 to 1. */
  readonly pixels: Float32Array;
  readonly labels: readonly number[];
}

interface Collection {
  readonly name: string;
  readonly size: number;
  readonly classes: readonly string[];
  readonly train: Images;
  readonly test: Images;
}

export interface Options {
  readonly rate: number;
  readonly batchSize: number;
  readonly seed: number;
}

/** Pictures of one layer, all of one size. */
export interface Maps {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly maps: readonly Float32Array[];
}

/** What is looked at. */
export interface View {
  /** The place of a test image; −1 is the drawing. */
  readonly image: number;
  /** A square of `side`² pixels, 1 where the pen was. */
  readonly drawing: Float32Array;
  readonly side: number;
}

export interface Opening {
  readonly name: string;
  readonly size: number;
  readonly classes: readonly string[];
  readonly trainCount: number;
  readonly testCount: number;
  readonly parameters: number;
  readonly frame: Frame;
}

export interface Frame {
  readonly step: number;
  readonly epoch: number;
  /** Of the steps since the last frame; null where there were none. */
  readonly loss: number | null;
  readonly accuracy: number;
  /** Rows are true classes, columns what was predicted. */
  readonly confusion: readonly (readonly number[])[];
  readonly filters: Maps;
  readonly imagesPerSecond: number;
  readonly look: Look;
}

export interface Look {
  readonly size: number;
  readonly pixels: Float32Array;
  /** null: nobody knows, it was drawn. */
  readonly label: number | null;
  readonly probabilities: readonly number[];
  readonly layers: readonly Maps[];
}

async function digits(): Promise<Collection> {
  const { train, test, classes } = await loadDigits();
  const read = (part: typeof train): Images => {
    const pixels = new Float32Array(part.length * 64);
    const labels = Array.from({ length: part.length }, (_, i) =>
      scope(() => {
        const [image, label] = part.at(i) as [Tensor, Tensor];
        pixels.set(Float32Array.from(image.readSync(), Number), i * 64);
        return label.itemSync();
      }),
    );
    return { count: part.length, pixels, labels };
  };
  return { name: "UCI digits", size: 8, classes, train: read(train), test: read(test) };
}

const digitNames = Array.from("0123456789");

/** Image sets whose files have the same names; the labels of their first test images tell them apart. */
const knownSets: readonly { readonly name: string; readonly classes: readonly string[]; readonly first: string }[] = [
  { name: "MNIST", classes: digitNames, first: "7210414959" },
  { name: "Fashion-MNIST", classes: ["T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"], first: "9211614657" },
];

export interface ImageFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The four files of MNIST or Fashion-MNIST, told apart by their names. */
async function fromFiles(files: readonly ImageFile[]): Promise<Collection> {
  const find = (part: RegExp, kind: RegExp) => files.find(({ name }) => part.test(name) && kind.test(name));
  const [train, test] = [/train/i, /t10k|test/i];
  const wanted = [[train, /images/i], [train, /labels/i], [test, /images/i], [test, /labels/i]] as const;
  const found = wanted.map(([part, kind]) => find(part, kind));
  const missing = wanted.filter((_, i) => found[i] === undefined);
  if (missing.length > 0) {
    throw new Error(
      `files: expected train-images, train-labels, t10k-images and t10k-labels (-idx3-ubyte, -idx1-ubyte, plain or .gz), got ${files.map(({ name }) => name).join(", ") || "none"}; drop all four together`,
    );
  }
  const arrays = await Promise.all(found.map((file) => readIdx(file!.bytes, file!.name)));
  const [, height = 0, width = 0] = arrays[0]!.shape;
  if (height !== width || arrays[0]!.shape.length !== 3) throw new Error(`files: expected square images, got shape [${arrays[0]!.shape.join(", ")}]; choose the files of MNIST or Fashion-MNIST`);
  const part = (images: number, most: number): Images => {
    const [{ shape, data }, { data: labels }] = [arrays[images]!, arrays[images + 1]!];
    const count = Math.min(shape[0] ?? 0, most);
    if (labels.length !== shape[0]) throw new Error(`files: expected a label for each of ${shape[0] ?? 0} images, got ${labels.length}; use files that belong together`);
    const classes = Array.from(labels.subarray(0, count) as ArrayLike<number>);
    const strange = classes.find((label) => !(label in digitNames));
    if (strange !== undefined) throw new Error(`files: expected labels from 0 to 9, got ${strange}; choose the files of MNIST or Fashion-MNIST`);
    return { count, pixels: Float32Array.from(data.subarray(0, count * height * width) as ArrayLike<number>, (byte) => byte / 255), labels: classes };
  };
  const [learned, asked] = [part(0, MOST_TRAINED), part(2, MOST_TESTED)];
  const known = knownSets.find(({ first }) => asked.labels.slice(0, 10).join("") === first);
  return { name: known?.name ?? "dropped images", size: height, classes: known?.classes ?? digitNames, train: learned, test: asked };
}

const columnsOf = (count: number, size: number, values: ArrayLike<number | bigint>): Float32Array[] =>
  Array.from({ length: count }, (_, i) => Float32Array.from({ length: size }, (_each, k) => Number(values[i * size + k])));

/** How the network answers to the test images. */
type Tested = Pick<Frame, "accuracy" | "confusion">;

/** A collection that is being learned. */
class Session {
  readonly #net: LeNet;
  readonly #optimizer: Adam;
  readonly #generator: Generator;
  readonly #speed = new Speed();
  #step = 0;
  #order: readonly number[] = [];
  #tested: Tested | null = null;

  constructor(
    readonly collection: Collection,
    readonly options: Options,
  ) {
    manualSeed(options.seed);
    this.#generator = new Generator(options.seed);
    this.#net = scope(() => (collection.size === 8 ? LeNet.forDigits() : new LeNet({ imageSize: collection.size, batchNorm: true })));
    this.#optimizer = new Adam(this.#net.parameters(), { lr: options.rate });
  }

  get #batches(): number {
    return Math.ceil(this.collection.train.count / this.options.batchSize);
  }

  #inputs({ pixels }: Images, rows: readonly number[]): Tensor {
    const { size } = this.collection;
    const area = size * size;
    const values = new Float32Array(rows.length * area);
    rows.forEach((row, i) => values.set(pixels.subarray(row * area, (row + 1) * area), i * area));
    return tensor(values, { shape: [rows.length, 1, size, size] });
  }

  advance(steps: number, milliseconds: number, view: View): Frame {
    const { train } = this.collection;
    const { batchSize } = this.options;
    const start = performance.now();
    let [taken, losses, images] = [0, 0, 0];
    while (taken < steps && (taken === 0 || performance.now() - start < milliseconds)) {
      const batch = this.#step % this.#batches;
      if (batch === 0) this.#order = [...this.#generator.randperm(train.count)].map(Number);
      const rows = this.#order.slice(batch * batchSize, (batch + 1) * batchSize);
      losses += scope(() => {
        this.#net.train();
        const loss = crossEntropy(this.#net.call(this.#inputs(train, rows)), tensor(rows.map((row) => train.labels[row]!), { dtype: "int64" }));
        loss.backward();
        this.#optimizer.step();
        return loss.itemSync();
      });
      forgetGradients(this.#net, this.#optimizer);
      this.#step++;
      taken++;
      images += rows.length;
    }
    if (taken > 0) {
      this.#speed.note(images, performance.now() - start);
      this.#tested = null;
    }
    return this.#frame(taken === 0 ? null : losses / taken, view);
  }

  #frame(loss: number | null, view: View): Frame {
    this.#tested ??= this.#test();
    const { conv1 } = this.#net;
    const [filters = 0, , height = 1, width = 1] = conv1.weight.shape;
    return {
      step: this.#step,
      epoch: Math.floor(this.#step / this.#batches),
      loss,
      ...this.#tested,
      filters: { name: "Filters of the first convolution", height, width, maps: columnsOf(filters, height * width, conv1.weight.readSync()) },
      imagesPerSecond: this.#speed.value,
      look: this.#lookAt(view),
    };
  }

  #test(): Tested {
    const { test, classes } = this.collection;
    const rows = Array.from({ length: Math.min(test.count, MOST_TESTED) }, (_, i) => i);
    const predictions = scope(() =>
      noGrad(() => {
        this.#net.eval();
        return Array.from(this.#net.call(this.#inputs(test, rows)).argmax({ dim: 1 }).readSync(), Number);
      }),
    );
    const confusion = classes.map(() => new Array<number>(classes.length).fill(0));
    rows.forEach((row) => (confusion[test.labels[row]!]![predictions[row]!]! += 1));
    return { confusion, accuracy: rows.filter((row) => predictions[row] === test.labels[row]).length / rows.length };
  }

  opening(view: View): Opening {
    const { name, size, classes, train, test } = this.collection;
    const parameters = this.#net.parameters().reduce((total, parameter) => total + parameter.numel(), 0);
    return { name, size, classes, trainCount: train.count, testCount: test.count, parameters, frame: this.#frame(null, view) };
  }

  #lookAt({ image, drawing, side }: View): Look {
    const { test, size } = this.collection;
    if (image < 0) return this.#look(asImage(drawing, side, size), null);
    const row = Math.min(image, test.count - 1);
    return this.#look(test.pixels.slice(row * size * size, (row + 1) * size * size), test.labels[row]!);
  }

  #look(pixels: Float32Array, label: number | null): Look {
    const { size } = this.collection;
    const net = this.#net.eval();
    const layers: Maps[] = [];
    // What a layer passes on: its output after normalisation and the rectifier.
    const watch = (name: string) => (_: unknown, __: unknown, output: Tensor): undefined => {
      const [, channels = 0, height = 0, width = 0] = output.shape;
      const values = output.relu().readSync();
      // Units of a linear layer have no places of their own; they are shown in rows.
      layers.push(output.ndim === 2 ? { name, height: 2, width: channels / 2, maps: columnsOf(1, channels, values) } : { name, height, width, maps: columnsOf(channels, height * width, values) });
      return undefined;
    };
    const stop = [
      (net.norm1 ?? net.conv1).registerForwardHook(watch("After the first convolution")),
      (net.norm2 ?? net.conv2).registerForwardHook(watch("After the second convolution")),
      net.fc1.registerForwardHook(watch("After the first linear layer")),
      net.fc2.registerForwardHook(watch("After the second linear layer")),
    ];
    try {
      const probabilities = scope(() => noGrad(() => Array.from(net.call(tensor(pixels, { shape: [1, 1, size, size] })).softmax(1).readSync(), Number)));
      return { size, pixels, label, probabilities, layers };
    } finally {
      for (const each of stop) each();
    }
  }

  save(): Promise<Uint8Array> {
    return saveSafetensors(this.#net.stateDict(), { architecture: "LeNet", dataset: this.collection.name, steps: String(this.#step) });
  }

  load(bytes: Uint8Array<ArrayBuffer>, view: View): Frame {
    scope(() => this.#net.loadStateDict(loadSafetensors(bytes)));
    this.#tested = null;
    return this.#frame(null, view);
  }

  dispose(): void {
    disposeAll(this.#net, this.#optimizer);
  }
}

/**
 * A drawing as the images of the collection are: cut to what is drawn, as high or wide as those, in the middle, and each pixel the share of it that
 * is covered. So the digits were made by their collectors.
 */
export function asImage(mask: Float32Array, side: number, size: number): Float32Array {
  const drawn = Array.from(mask.keys()).filter((i) => mask[i]! > 0);
  const image = new Float32Array(size * size);
  if (drawn.length === 0) return image;
  const [xs, ys] = [drawn.map((i) => i % side), drawn.map((i) => Math.floor(i / side))];
  const least = (values: number[]): number => values.reduce((a, b) => Math.min(a, b));
  const most = (values: number[]): number => values.reduce((a, b) => Math.max(a, b)) + 1;
  const [left, right, top, bottom] = [least(xs), most(xs), least(ys), most(ys)];
  const margin = size === 28 ? 4 : 0;
  const scale = Math.max(right - left, bottom - top) / (size - 2 * margin);
  const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
  const fine = 4;
  for (let i = 0; i < image.length; i++) {
    let covered = 0;
    for (let k = 0; k < fine * fine; k++) {
      const x = Math.floor(cx + ((i % size) + ((k % fine) + 0.5) / fine - size / 2) * scale);
      const y = Math.floor(cy + (Math.floor(i / size) + (Math.floor(k / fine) + 0.5) / fine - size / 2) * scale);
      if (x >= left && x < right && y >= top && y < bottom) covered += mask[y * side + x]!;
    }
    image[i] = covered / fine ** 2;
  }
  return image;
}

let session: Session | undefined;
const current = (): Session => {
  if (session === undefined) throw new Error("internal: open a collection first");
  return session;
};

function begin(collection: Collection, options: Options, view: View): Opening {
  service.close();
  session = new Session(collection, options);
  return session.opening(view);
}

export const service = {
  /** Starts again: with the digits, or with the files that were dropped before. */
  open: async (options: Options, view: View): Promise<Opening> => begin(session?.collection ?? (await digits()), options, view),
  openFiles: async (files: readonly ImageFile[], options: Options, view: View): Promise<Opening> => begin(await fromFiles(files), options, view),
  openDigits: async (options: Options, view: View): Promise<Opening> => begin(await digits(), options, view),
  advance: (steps: number, milliseconds: number, view: View): Frame => current().advance(steps, milliseconds, view),
  /** Frees all that the session holds. A page need not ask for it, as its worker ends. */
  close(): void {
    session?.dispose();
    session = undefined;
  },
  save: (): Promise<Uint8Array> => current().save(),
  load: (bytes: Uint8Array<ArrayBuffer>, view: View): Frame => current().load(bytes, view),
};
