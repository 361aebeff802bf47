// The ESLint rule that keeps the arrows between packages (tools/architecture.mjs) and the borders of a package's folder.

import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { arrows, lowerFiles, packageName } from "../architecture.mjs";

const workspace = fileURLToPath(new URL("../..", import.meta.url));

/** Files that may use Node: the entry `src/node.ts` and what lies in `src/node/` or is called `node-….ts`. Programs always may. */
const nodeFile = /^(apps|tools)\/|^packages\/[^/]+\/src\/node([-/].*)?\.ts$|^packages\/[^/]+\/src\/node\//;

/**
 * @typedef {object} Place Where a file stands in the workspace.
 * @property {string} path Its path from the root, with forward slashes.
 * @property {string} folder Its package: `packages/nn`, `apps/image-classifier`.
 * @property {boolean} isSource Whether it belongs to what the package ships.
 */

/**
 * @param {string} file
 * @returns {Place | undefined} undefined for a file of the workspace itself
 */
function placeOf(file) {
  const path = relative(workspace, file).split(sep).join("/");
  const folder = /^(packages|apps)\/[^/]+/.exec(path)?.[0];
  return folder === undefined ? undefined : { path, folder, isSource: path.startsWith(`${folder}/src/`) };
}

/** @param {string} specifier `@gradus/nn/module` → `@gradus/nn` */
const packageOf = (specifier) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** @param {string} name */
const isOurs = (name) => name === "gradus" || name.startsWith("@gradus/");

/**
 * @param {Place} place
 * @param {string} specifier a relative import
 */
function relativeProblem(place, specifier) {
  const target = relative(workspace, resolve(workspace, dirname(place.path), specifier)).split(sep).join("/").replace(/\.js$/, ".ts");
  if (!target.startsWith(`${place.folder}/`)) {
    return `"${specifier}" leaves ${place.folder}; import the other package by its name`;
  }
  if (!place.isSource) return undefined;
  if (!target.startsWith(`${place.folder}/src/`)) return `"${specifier}" is not a source; what a package ships must lie in src/`;
  if (place.path in lowerFiles && !(target in lowerFiles)) {
    return `${place.path} stands lower than the rest of its package, so it may not import ${target}`;
  }
  if (nodeFile.test(target) && !nodeFile.test(place.path)) {
    return `"${specifier}" needs Node, this file runs everywhere; offer it under the subpath ./node`;
  }
  return undefined;
}

/**
 * @param {Place} place
 * @param {string} specifier a package of the workspace, perhaps with a subpath
 */
function workspaceProblem(place, specifier) {
  if (/^(@gradus\/[^/]+|gradus)\/(src|dist)(\/|$)/.test(specifier)) {
    return `"${specifier}" reaches into another package's files; import what it exports`;
  }
  const allowed = (lowerFiles[place.path] ?? arrows[place.folder.replace("packages/", "")])?.map(packageName);
  if (!place.isSource || allowed === undefined || allowed.includes(packageOf(specifier))) return undefined;
  const list = allowed.length === 0 ? "no other package" : `only ${allowed.join(", ")}`;
  return `${place.path in lowerFiles ? place.path : place.folder} may import ${list}, not ${packageOf(specifier)} (tools/architecture.mjs)`;
}

/**
 * @param {Place} place
 * @param {string} specifier a package that is not ours
 */
function dependencyProblem(place, specifier) {
  const text = readFileSync(join(workspace, place.folder, "package.json"), "utf8");
  const manifest = /** @type {{ dependencies?: object, peerDependencies?: object }} */ (JSON.parse(text));
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  return place.isSource && !(packageOf(specifier) in declared)
    ? `${packageOf(specifier)} is not among the dependencies of ${place.folder}/package.json`
    : undefined;
}

/**
 * @param {Place} place
 * @param {string} specifier
 * @returns {string | undefined} what is wrong with the import
 */
function problemOf(place, specifier) {
  if (specifier.startsWith(".")) return relativeProblem(place, specifier);
  if (isBuiltin(specifier)) {
    return place.isSource && !nodeFile.test(place.path)
      ? `"${specifier}" exists in Node only; put the file under src/node/ and offer it under the subpath ./node`
      : undefined;
  }
  return isOurs(packageOf(specifier)) ? workspaceProblem(place, specifier) : dependencyProblem(place, specifier);
}

/** @type {import("eslint").Rule.RuleModule} */
export const imports = {
  meta: { type: "problem", schema: [], messages: { forbidden: "{{problem}}" } },
  create(context) {
    const place = placeOf(context.filename);
    if (place === undefined) return {};
    /** @param {any} node any node with a `source`: an import or a re-export */
    const check = (node) => {
      /** @type {unknown} */
      const specifier = node.source?.value;
      const problem = typeof specifier === "string" ? problemOf(place, specifier) : undefined;
      if (problem !== undefined) context.report({ node, messageId: "forbidden", data: { problem } });
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      // `import("@gradus/nn").Module` in a type.
      TSImportType: check,
    };
  },
};
