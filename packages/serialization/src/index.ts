export { FileAccessError, FileFormatError } from "./errors.js";
export { parseSafetensors, type RawTensor, type Safetensors, serializeSafetensors } from "./safetensors.js";
