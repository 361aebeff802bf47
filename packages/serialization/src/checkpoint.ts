import { ArgumentError, Tensor, tensor } from "@gradus/tensor-core";
import { FileFormatError } from "./errors.js";

/** What continues from a state: a model, an optimizer, a scheduler, a loader. */
export interface Stateful {
  stateDict(): unknown;
  // A method, whose parameter each class may narrow.
  loadStateDict(state: never): unknown;
}

/** What random numbers come from. */
export interface RandomState {
  getState(): Uint8Array;
  setState(state: Uint8Array): unknown;
}

/** The parts of a training run, by the names that they have in the file. */
export type CheckpointParts = Readonly<Record<string, Stateful | RandomState>>;

/** Whatever else is to be remembered, such as the epoch: numbers, text, lists, dictionaries, tensors. */
export type Progress = Readonly<Record<string, unknown>>;

/**
 * The state of a run as one dictionary, `{ model: { … }, optimizer: { … }, …, epoch: 3 }`, as PyTorch's users write it by hand. The state of a
 * generator is a tensor of bytes, as `torch.get_rng_state()` gives it.
 *
 * @throws {ArgumentError} if a name stands for a part and for something else.
 */
export function checkpointState(parts: CheckpointParts, progress: Progress): Record<string, unknown> {
  const twice = Object.keys(parts).find((name) => name in progress);
  if (twice !== undefined) throw new ArgumentError(`saveCheckpoint: expected each name once, got "${twice}" for a part and for progress; rename one`);
  const states = Object.entries(parts).map(([name, part]) => [name, isRandom(part) ? tensor(part.getState()) : part.stateDict()] as const);
  return { ...Object.fromEntries(states), ...progress };
}

/**
 * Gives the parts their states.
 *
 * @param file - The name that an error carries.
 * @returns What was saved beside the parts.
 * @throws {FileFormatError} if a part's state is not there. Nothing is changed then.
 */
export async function restoreCheckpoint(saved: unknown, parts: CheckpointParts, file: string): Promise<Record<string, unknown>> {
  const remedy = "name the parts that it was saved with";
  const states = new Map(Object.entries(typeof saved === "object" && !Array.isArray(saved) && !(saved instanceof Tensor) ? (saved ?? {}) : {}) as [string, unknown][]);
  const missing = Object.keys(parts).filter((name) => !states.has(name));
  if (missing.length > 0) {
    throw new FileFormatError(file, `expected a checkpoint with ${missing.map((name) => `"${name}"`).join(", ")}, found ${[...states.keys()].slice(0, 10).join(", ") || "no dictionary"}`, remedy);
  }
  const generators = new Map<string, Uint8Array>();
  for (const [name, part] of Object.entries(parts)) {
    if (!isRandom(part)) continue;
    const state = states.get(name);
    if (!(state instanceof Tensor) || state.dtype !== "uint8") throw new FileFormatError(file, `expected the state of a generator under "${name}", a tensor of bytes`, remedy);
    generators.set(name, (await (state as Tensor).read()) as Uint8Array);
  }
  for (const [name, part] of Object.entries(parts)) {
    if (isRandom(part)) part.setState(generators.get(name)!);
    else part.loadStateDict(states.get(name) as never);
    states.delete(name);
  }
  return Object.fromEntries(states);
}

const isRandom = (part: Stateful | RandomState): part is RandomState => "getState" in part;
