import { optionsOf, type Tensor } from "@gradus/tensor-core";
import type { ByteSource } from "./byte-source.js";
import { type CheckpointParts, checkpointState, type Progress, restoreCheckpoint } from "./checkpoint.js";
import { loadNpy, loadNpz, npyPieces, npzPieces, NpzOptions } from "./npy.js";
import { tensorBytes } from "./raw-tensors.js";
import { safetensorsPieces } from "./safetensors.js";
import { type Metadata, type NamedTensors, openSafetensors, toRawTensors } from "./tensor-file.js";
import { loadPickle, loadTorch, LoadOptions } from "./torch/read.js";
import { torchPieces } from "./torch/write.js";

/** Where files are: Node's file system, or that of the browser. */
export interface FileHost {
  /** Opens a file for the time that `use` takes. @throws {FileAccessError} if it cannot be read. */
  readonly withFile: <R>(file: string, use: (source: ByteSource) => Promise<R>) => Promise<R>;
  /** Writes all or nothing. @throws {FileAccessError} if it cannot be written; the old file is unchanged then. */
  readonly writeAtomically: (file: string, pieces: readonly Uint8Array[]) => Promise<void>;
}

/** Saving and loading by name of file, the same wherever files are. */
export interface Files {
  /**
   * Loads what {@link Files.save} or `torch.save` has written: tensors, and lists and dictionaries of them. Nothing in the file is executed.
   *
   * @throws {FileAccessError} if the system does not let the file be read.
   * @throws {FileFormatError} if it is damaged, names what is not allowed, or would take more memory than it may.
   * @see torch.load
   */
  readonly load: (file: string, options?: LoadOptions) => Promise<unknown>;
  /**
   * Saves tensors, and lists, dictionaries, numbers and text with tensors among them, so that `load` and `torch.load` open it. All or nothing:
   * after a crash, a full disk or any error the name leads to the whole old file or the whole new one. When the promise is fulfilled, the
   * new one is on the disk.
   *
   * @throws {FileAccessError} if the system refuses any step; the old file is unchanged then.
   * @throws {ArgumentError} on a value that cannot be saved, such as a function.
   * @see torch.save
   */
  readonly save: (value: unknown, file: string) => Promise<void>;
  /**
   * Saves a training run: the states of its parts, and what else is to be remembered. All or nothing as {@link Files.save}; `torch.load` opens it.
   *
   * ```ts
   * const run = { model, optimizer, scheduler, loader, random: defaultGenerator() };
   * await saveCheckpoint("run.pt", run, { epoch });
   * const { epoch } = await loadCheckpoint("run.pt", run);
   * ```
   *
   * A run that continues from it gives the same numbers, bit for bit, as one that was never interrupted, if all that has a state is a part: the
   * generator that dropout and shuffling draw from too.
   *
   * @throws {FileAccessError} if the system refuses any step; the old file is unchanged then.
   */
  readonly saveCheckpoint: (file: string, parts: CheckpointParts, progress?: Progress) => Promise<void>;
  /**
   * Gives the parts of a run the states that {@link Files.saveCheckpoint} saved, and returns what else was remembered.
   *
   * @throws {FileAccessError} if the system does not let the file be read.
   * @throws {FileFormatError} if it is damaged, or lacks a part; nothing is changed then.
   */
  readonly loadCheckpoint: (file: string, parts: CheckpointParts, options?: LoadOptions) => Promise<Record<string, unknown>>;
  /**
   * The tensors of a safetensors file, on the default device. They are read one by one, so a large file is never in memory as a whole.
   *
   * @throws {FileAccessError} if the system does not let the file be read.
   * @throws {FileFormatError} if it is not exactly what the format demands.
   * @see safetensors.torch.load_file
   */
  readonly loadFile: (file: string, options?: LoadOptions) => Promise<Record<string, Tensor>>;
  /** What a safetensors file says beside its tensors. */
  readonly loadMetadata: (file: string) => Promise<Metadata>;
  /**
   * Saves tensors as a safetensors file, all or nothing as {@link Files.save}.
   *
   * @throws {FileAccessError} if the system refuses any step; the old file is unchanged then.
   * @throws {ArgumentError} if a name is reserved.
   * @see safetensors.torch.save_file
   */
  readonly saveFile: (file: string, tensors: NamedTensors, metadata?: Metadata) => Promise<void>;
  /** Reads a pickle, plain or gzip-compressed. @see pickle.load */
  readonly loadPickleFile: (file: string, options?: LoadOptions) => Promise<unknown>;
  /** @see numpy.load */
  readonly loadNpyFile: (file: string, options?: LoadOptions) => Promise<Tensor>;
  /** All or nothing. @see numpy.save */
  readonly saveNpyFile: (file: string, x: Tensor) => Promise<void>;
  /** @see numpy.load */
  readonly loadNpzFile: (file: string, options?: LoadOptions) => Promise<Record<string, Tensor>>;
  /** All or nothing. @see numpy.savez, numpy.savez_compressed */
  readonly saveNpzFile: (file: string, tensors: NamedTensors, options?: NpzOptions) => Promise<void>;
}

export function filesOf({ withFile, writeAtomically }: FileHost): Files {
  /** Options are looked at under the name of what was called, and before the file is opened. */
  const reading = <R>(op: string, read: (source: ByteSource, options: LoadOptions) => Promise<R>) => async (file: string, options?: LoadOptions): Promise<R> => {
    const given = optionsOf(op, LoadOptions, options);
    return withFile(file, (source) => read(source, given));
  };
  const readCheckpoint = reading("loadCheckpoint", loadTorch);
  return {
    load: reading("load", loadTorch),
    save: async (value, file) => writeAtomically(file, await torchPieces(value)),
    saveCheckpoint: async (file, parts, progress = {}) => writeAtomically(file, await torchPieces(checkpointState(parts, progress))),
    loadCheckpoint: async (file, parts, options) => restoreCheckpoint(await readCheckpoint(file, options), parts, file),
    loadFile: reading("loadFile", async (source, options) => {
      const { names, get } = await openSafetensors(source, options);
      const tensors: [string, Tensor][] = [];
      for (const name of names) tensors.push([name, await get(name)]);
      return Object.fromEntries(tensors);
    }),
    loadMetadata: (file) => withFile(file, async (source) => (await openSafetensors(source)).metadata),
    saveFile: async (file, tensors, metadata = {}) => writeAtomically(file, safetensorsPieces(await toRawTensors(tensors), new Map(Object.entries(metadata)))),
    loadPickleFile: reading("loadPickleFile", loadPickle),
    loadNpyFile: reading("loadNpyFile", loadNpy),
    saveNpyFile: async (file, x) => writeAtomically(file, npyPieces(x, await tensorBytes(x))),
    loadNpzFile: reading("loadNpzFile", loadNpz),
    saveNpzFile: async (file, tensors, options) => writeAtomically(file, await npzPieces(tensors, optionsOf("saveNpzFile", NpzOptions, options))),
  };
}
