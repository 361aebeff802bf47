import { type Files, filesOf } from "./files.js";
import { withFile } from "./node/file-source.js";
import { writeAtomically } from "./node/write-atomically.js";

export type { Files } from "./files.js";

const files: Files = filesOf({ withFile, writeAtomically });

export const { load, loadCheckpoint, loadFile, loadMetadata, loadNpyFile, loadNpzFile, loadPickleFile, save, saveCheckpoint, saveFile, saveNpyFile, saveNpzFile } = files;
