import { courses, type Program } from "./courses.js";

/** All programs by `course/name`. */
export const programs: ReadonlyMap<string, Program> = new Map(
  Object.entries(courses).flatMap(([course, entries]) =>
    Object.entries(entries).map(([name, program]): [string, Program] => [`${course}/${name}`, program]),
  ),
);

/**
 * The program that a name stands for: `course/name`, or `name` alone where only one course has it.
 *
 * @throws {RangeError} that says which names there are.
 */
export function programNamed(name: string): Program {
  const paths = programs.has(name) ? [name] : [...programs.keys()].filter((path) => path.endsWith(`/${name}`));
  const [path] = paths;
  if (path === undefined) throw new RangeError(`gallery: expected the name of a program, got "${name}"; without a name all are listed`);
  if (paths.length > 1) throw new RangeError(`gallery: expected the name of one program, got "${name}"; say ${paths.join(" or ")}`);
  return programs.get(path)!;
}

/** A line for each program. */
export function listing(): string {
  const width = Math.max(...[...programs.keys()].map((path) => path.length));
  return [...programs].map(([path, { about }]) => `${path.padEnd(width)}  ${about}`).join("\n");
}
