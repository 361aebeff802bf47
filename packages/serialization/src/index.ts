export { FileAccessError, FileFormatError } from "./errors.js";
export { parseSafetensors, type RawTensor, type Safetensors, serializeSafetensors } from "./safetensors.js";
export { loadSafetensors, type Metadata, type NamedTensors, saveSafetensors } from "./tensor-file.js";
