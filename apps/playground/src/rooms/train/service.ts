/** Training, as the page asks for it: open a setup, then advance. */
import { cpu } from "@gradus/backend-cpu";
import { type WebGpuBackend, webgpu } from "@gradus/backend-webgpu";
import { Generator, setDefaultDevice } from "@gradus/tensor-core";
import { Speed } from "../../engine/training.js";
import { featuresOf, makeData, planeGrid } from "./data.js";
import type { Advance, Frame, Opening, Points } from "./frames.js";
import { rateAt } from "./network.js";
import { histogram, inside, score, SPACE_GRID, surfaces } from "./picture.js";
import { scalarTrainer } from "./scalar-trainer.js";
import { batchesOf, type liveKeys, type Setup } from "./setup.js";
import { type Samples, tensorTrainer, type Trainer } from "./trainer.js";

const RESOLUTION = 40;

const host = cpu();
setDefaultDevice(host);

let gpu: WebGpuBackend | undefined;
/** The GPU, asked for once; after a failure it is asked again next time, for a driver may have come back. */
async function gpuDevice(): Promise<WebGpuBackend> {
  if (gpu === undefined) {
    const opened = await webgpu();
    void opened.lost.then(() => (gpu = undefined));
    gpu = opened;
  }
  return gpu;
}

/** A corner of the plane more to each side than squares, so that the lines of the grid end at its border. */
const gridCorners = (size: number): Float64Array => {
  const at = (k: number): number => (2 * k) / (size - 1) - 1;
  return Float64Array.from({ length: 2 * size * size }, (_, i) => (i % 2 === 0 ? at((i >> 1) % size) : -at(Math.floor((i >> 1) / size))));
};

type TensorTrainer = ReturnType<typeof tensorTrainer>;

/** A setup that is being trained. */
class Session {
  readonly train: Points;
  readonly test: Points;
  readonly parameters: number;
  /** One object for everything that is part of this session: what may change while it learns is written over in it. */
  readonly #setup: { -readonly [K in keyof Setup]: Setup[K] };
  readonly #samples: Samples;
  readonly #testSamples: Samples;
  readonly #generator: Generator;
  readonly #planeFeatures: Float32Array;
  readonly #gridFeatures: Float32Array;
  /** On the CPU: what is looked at. */
  readonly #mirror: TensorTrainer;
  /** What learns; on the CPU the mirror itself. */
  readonly #trainer: Trainer;
  readonly #speed = new Speed();
  #step = 0;
  #order: readonly number[] = [];
  #diverged: number | null = null;

  private constructor(setup: Setup, trainerOf: (samples: Samples, mirror: TensorTrainer, start: Awaited<ReturnType<Trainer["read"]>>["weights"]) => Trainer) {
    this.#setup = setup;
    this.#generator = new Generator(setup.seed);
    const { train, test } = makeData(setup, this.#generator);
    [this.train, this.test] = [train, test];
    const width = setup.features.length;
    const samplesOf = ({ coordinates, targets }: Points): Samples => ({ count: targets.length, width, features: featuresOf(setup.features, coordinates), targets });
    this.#samples = samplesOf(train);
    this.#testSamples = samplesOf(test);
    this.#planeFeatures = featuresOf(setup.features, planeGrid(RESOLUTION));
    this.#gridFeatures = featuresOf(setup.features, gridCorners(SPACE_GRID));
    this.#mirror = tensorTrainer(setup, this.#samples, host);
    const { net } = this.#mirror.network;
    this.parameters = net.parameters().reduce((total, parameter) => total + parameter.numel(), 0);
    const start = Object.fromEntries(Object.entries(net.stateDict()).map(([name, x]) => [name, Float32Array.from(x.readSync(), Number)]));
    this.#trainer = trainerOf(this.#samples, this.#mirror, start);
  }

  static async open(setup: Setup): Promise<Session> {
    // The device first: if it cannot be had, nothing has been made.
    const device = setup.engine === "webgpu" ? await gpuDevice() : null;
    return new Session(setup, (samples, mirror, start) => {
      if (device !== null) return tensorTrainer(setup, samples, device);
      return setup.engine === "scalar" ? scalarTrainer(setup, samples, start, new Generator(setup.seed)) : mirror;
    });
  }

  /** The rows of the next step; each epoch has a new order. */
  #nextBatch(): readonly number[] {
    const batches = batchesOf(this.#setup);
    const batch = this.#step % batches;
    if (batch === 0) this.#order = [...this.#generator.randperm(this.#samples.count)].map(Number);
    const size = this.#setup.batchSize;
    return this.#order.slice(batch * size, (batch + 1) * size);
  }

  async advance({ steps, milliseconds, spaceLayer }: Advance): Promise<Frame> {
    const start = performance.now();
    let taken = 0;
    let now = start;
    while (this.#diverged === null && taken < steps && (taken === 0 || now - start < milliseconds)) {
      const batch = this.#nextBatch();
      const loss = this.#trainer.step(this.#step, batch);
      // The loss is that of the weights before this step.
      if (loss !== null && !Number.isFinite(loss)) this.#diverged = this.#step;
      this.#step++;
      taken++;
      now = performance.now();
    }
    const frame = await this.frame(spaceLayer);
    if (taken > 0) {
      // An asynchronous device has finished its steps only when the weights have been read.
      this.#speed.note(taken, (this.#setup.engine === "webgpu" ? performance.now() : now) - start);
    }
    return { ...frame, stepsPerSecond: this.#speed.value };
  }

  async frame(spaceLayer: number): Promise<Frame> {
    const { weights, gradients } = await this.#trainer.read();
    const { network } = this.#mirror;
    if (this.#trainer !== this.#mirror) copyState(network, weights);
    const train = score(this.#setup, network, this.#samples);
    if (this.#diverged === null && this.#step > 0 && !Number.isFinite(train.loss)) this.#diverged = this.#step;
    const names = network.net.namedParameters().map(([name]) => name);
    const weightNames = network.blocks.map(({ linear }) => names[network.net.parameters().indexOf(linear.weight)]!);
    return {
      step: this.#step,
      epoch: Math.floor(this.#step / batchesOf(this.#setup)),
      learningRate: rateAt(this.#setup, this.#step),
      train,
      test: score(this.#setup, network, this.#testSamples),
      ...surfaces(this.#setup, network, this.#planeFeatures),
      weights: weightNames.map((name) => weights[name]!),
      biases: weightNames.map((name) => weights[name.replace("weight", "bias")]!),
      ...inside(this.#setup, network, this.#samples, this.#gridFeatures, spaceLayer),
      gradients: weightNames.flatMap((name) => (gradients[name] === undefined ? [] : [histogram(gradients[name])])),
      stepsPerSecond: this.#speed.value,
      memory: this.#trainer.memory(),
      diverged: this.#diverged,
    };
  }

  async opening(spaceLayer: number): Promise<Opening> {
    const { length } = this.#setup.features;
    const features = this.#setup.features.map((_, f) => this.#planeFeatures.filter((_, i) => i % length === f));
    return { train: this.train, test: this.test, resolution: RESOLUTION, features, parameters: this.parameters, frame: await this.frame(spaceLayer) };
  }

  adjust(setup: Setup): void {
    const { learningRate, schedule, regularization, regularizationRate } = setup satisfies Readonly<Record<(typeof liveKeys)[number], unknown>>;
    Object.assign(this.#setup, { learningRate, schedule, regularization, regularizationRate });
  }

  dispose(): void {
    if (this.#trainer !== this.#mirror) this.#trainer.dispose();
    this.#mirror.dispose();
  }
}

/** Numbers of another engine, written over those of a network. */
function copyState({ net }: TensorTrainer["network"], weights: Readonly<Record<string, Float32Array>>): void {
  for (const [name, x] of Object.entries(net.stateDict())) {
    const values = weights[name];
    if (values === undefined) continue;
    const copy = x.newTensor(values).view(x.shape);
    x.copy_(copy);
    copy.dispose();
  }
}

let session: Session | undefined;

export const service = {
  /** Makes data and network. @throws {WebGpuUnavailableError} where the engine is webgpu and there is none. */
  async open(setup: Setup, spaceLayer: number): Promise<Opening> {
    service.close();
    session = await Session.open(setup);
    return session.opening(spaceLayer);
  },

  /** Frees all that the session holds. A page need not ask for it, as its worker ends. */
  close(): void {
    session?.dispose();
    session = undefined;
  },

  /** Takes over what may change while the network learns. */
  adjust(setup: Setup): void {
    session?.adjust(setup);
  },

  /** Takes steps and shows where they led. With no steps it shows where we are. */
  async advance(request: Advance): Promise<Frame> {
    if (session === undefined) throw new Error("internal: open a setup before it can advance");
    return session.advance(request);
  },
};
