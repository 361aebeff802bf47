#!/usr/bin/env node
/** Lists the programs, or runs one: `gallery [NAME [DIRECTORY]]`. */
import type { Program } from "./courses.js";
import { listing, programNamed } from "./programs.js";

const [name, directory] = process.argv.slice(2);
if (name === undefined) console.log(listing());
else await asked(name)?.run(directory);

function asked(wanted: string): Program | null {
  try {
    return programNamed(wanted);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
    return null;
  }
}
