#!/usr/bin/env node
/** Lists the programs, or runs one: `gallery COURSE/NAME [DIRECTORY]`. */
import { courses, type Program } from "./courses.js";

const [path, directory] = process.argv.slice(2);
const programs = new Map<string, Program>(Object.entries(courses).flatMap(([course, entries]) => Object.entries(entries).map(([name, program]) => [`${course}/${name}`, program] as const)));

if (path === undefined) {
  const width = Math.max(...[...programs.keys()].map((name) => name.length));
  for (const [name, { about }] of programs) console.log(name.padEnd(width), "", about);
} else {
  // A name alone will do where only one course has it.
  const found = programs.get(path) ?? only([...programs].filter(([name]) => name.endsWith(`/${path}`)).map(([, program]) => program));
  if (found === undefined) {
    console.error(`gallery: expected the name of a program, got "${path}"; without a name all are listed`);
    process.exitCode = 2;
  } else {
    await found.run(directory);
  }
}

function only<T>(list: readonly T[]): T | undefined {
  return list.length === 1 ? list[0] : undefined;
}
