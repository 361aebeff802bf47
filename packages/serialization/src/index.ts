export { FileAccessError, FileFormatError } from "./errors.js";
export { parseSafetensors, type Safetensors, serializeSafetensors } from "./safetensors.js";
export type { RawTensor } from "./safetensors-header.js";
export { loadSafetensors, type Metadata, type NamedTensors, saveSafetensors } from "./tensor-file.js";
