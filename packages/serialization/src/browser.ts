import { openPrivateFile, writePrivateFile } from "./browser/private-files.js";
import { type Files, filesOf } from "./files.js";

export type { Files } from "./files.js";

const files: Files = filesOf({ withFile: openPrivateFile, writeAtomically: writePrivateFile });

/** The same as `@gradus/serialization/node`, on the browser's origin private file system. */
export const { load, loadCheckpoint, loadFile, loadMetadata, loadNpyFile, loadNpzFile, loadPickleFile, save, saveCheckpoint, saveFile, saveNpyFile, saveNpzFile } = files;
