// Looks at every package as its users will get it: packed, and installed where the workspace's source condition means nothing.
//
// - publint reads the manifest against the files in the tarball;
// - are-the-types-wrong resolves every entry as TypeScript does;
// - declarations name only packages that are installed with it;
// - Node imports every entry.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { filterProblems } from "@arethetypeswrong/core/problems";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

/** Below node_modules, so that the peers of a package (vitest, webgpu) are found as they are in a user's project. */
const consumer = "node_modules/.cache/consumer";

/**
 * @param {string} command
 * @param {...string} args
 */
const run = (command, ...args) => execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"], shell: process.platform === "win32" });

/**
 * Installs a tarball for the consumer, without a package manager: the dependencies are other tarballs.
 *
 * @param {string} tarball
 */
function install(tarball) {
  run("tar", "-xzf", tarball, "-C", consumer);
  const unpacked = join(consumer, "package");
  const manifest = /** @type {{ name: string, exports: object, dependencies?: object, peerDependencies?: object }} */ (JSON.parse(readFileSync(join(unpacked, "package.json"), "utf8")));
  const target = join(consumer, "node_modules", manifest.name);
  mkdirSync(join(target, ".."), { recursive: true });
  renameSync(unpacked, target);
  return manifest;
}

/** @param {Buffer} tarball */
async function lint(tarball) {
  const { messages, pkg } = await publint({ pack: { tarball: new Uint8Array(tarball).buffer }, strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`);
}

/** @param {Buffer} tarball */
async function checkTypes(tarball) {
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (!analysis.types) return ["types: the package has none"];
  // The other two kinds belong to CommonJS, which Gradus does not serve.
  const problems = new Set(
    /** @type {const} */ (["node16-esm", "bundler"]).flatMap((resolutionKind) => filterProblems(analysis, { resolutionKind })),
  );
  return [...problems].map((problem) => `types: ${JSON.stringify(problem)}`);
}

/**
 * What a declaration names beside the dependencies was not meant to be there: usually a type that its own package does not export.
 *
 * @param {{ name: string, dependencies?: object, peerDependencies?: object }} manifest
 */
function checkDeclarations({ name, dependencies, peerDependencies }) {
  const installed = new Set([name, ...Object.keys({ ...dependencies, ...peerDependencies })]);
  const folder = join(consumer, "node_modules", name);
  const declarations = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".d.ts"));
  return declarations.flatMap((file) => {
    const text = readFileSync(join(folder, file), "utf8");
    const named = [...text.matchAll(/(?:from|import\() ?["']((?:@[^/"']+\/)?[^/"'.]+)[^"']*["']/g)].map(([, found]) => String(found));
    const foreign = [...new Set(named)].filter((found) => !found.startsWith("node:") && !installed.has(found));
    return foreign.map((found) => `declarations: ${file} names ${found}, which is not a dependency`);
  });
}

/** @param {{ name: string, exports: object }} manifest */
function importEntries({ name, exports }) {
  return Object.keys(exports)
    .filter((subpath) => subpath !== "./package.json")
    .flatMap((subpath) => {
      const entry = join(consumer, "entry.mjs");
      writeFileSync(entry, `await import(${JSON.stringify(subpath.replace(".", name))});\n`);
      try {
        run(process.execPath, entry);
        return [];
      } catch {
        return [`import: ${subpath} fails in Node (above)`];
      }
    });
}

rmSync(consumer, { recursive: true, force: true });
mkdirSync(consumer, { recursive: true });
run("pnpm", "-r", "--filter", "./packages/*", "pack", "--pack-destination", join(process.cwd(), consumer));
const packages = readdirSync(consumer)
  .filter((file) => file.endsWith(".tgz"))
  .map((file) => join(consumer, file))
  .map((file) => ({ tarball: readFileSync(file), manifest: install(file) }));

for (const { tarball, manifest } of packages) {
  const problems = [...(await lint(tarball)), ...(await checkTypes(tarball)), ...checkDeclarations(manifest), ...importEntries(manifest)];
  for (const problem of problems) console.error(`${manifest.name}: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
console.log(`${String(packages.length)} packages packed and imported`);
