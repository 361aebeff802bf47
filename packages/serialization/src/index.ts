export type { ByteSource, Readable } from "./byte-source.js";
export { FileAccessError, FileFormatError } from "./errors.js";
export type { MemoryLimit } from "./memory-budget.js";
export { loadNpy, loadNpz, saveNpy, saveNpz } from "./npy.js";
export { parseSafetensors, type Safetensors, serializeSafetensors } from "./safetensors.js";
export type { RawTensor } from "./safetensors-header.js";
export { loadSafetensors, type Metadata, type NamedTensors, openSafetensors, type OpenSafetensors, saveSafetensors } from "./tensor-file.js";
export { loadPickle, loadTorch, type LoadOptions } from "./torch/read.js";
export { saveTorch } from "./torch/write.js";
