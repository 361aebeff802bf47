import { existsSync, readFileSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { arrows, packageName } from "../architecture.mjs";

/** A file, or one for each condition; conditions may be nested (`node` around `types`). */
type Target = string | { readonly [condition: string]: Target };

interface Manifest {
  readonly name: string;
  readonly type: string;
  readonly license: string;
  readonly sideEffects: boolean | readonly string[];
  readonly engines: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Target>>;
  readonly publishConfig: { readonly exports: unknown };
}

const folders = readdirSync("packages");
/** Files that do something when they are loaded: they choose the default device, or give tensors their methods. */
const effects: Readonly<Record<string, readonly string[]>> = {
  gradus: ["./src/index.ts", "./src/functions.ts", "./dist/index.js", "./dist/functions.js"],
  "tensor-core": ["./src/index.ts", "./src/methods.ts", "./dist/index.js"],
};
const manifestOf = (folder: string) => JSON.parse(readFileSync(`packages/${folder}/package.json`, "utf8")) as Manifest;

it("names every package", () => {
  expect(Object.keys(arrows).sort()).toEqual([...folders].sort());
});

it("has no cycle", () => {
  // A package may stand on what was placed before it; a table with a cycle leaves packages that never can be placed.
  const placed = new Set<string>();
  const isPlaced = (name: string) => placed.has(name);
  folders.forEach(() => {
    for (const [name, below] of Object.entries(arrows)) if (below.every(isPlaced)) placed.add(name);
  });
  expect([...placed].sort()).toEqual([...folders].sort());
});

describe.each(folders)("packages/%s", (folder) => {
  const manifest = manifestOf(folder);

  it("depends on what its arrows allow, each in the workspace's version", () => {
    const ours = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name === "gradus" || name.startsWith("@gradus/"));
    expect(Object.fromEntries(ours)).toEqual(Object.fromEntries((arrows[folder] ?? []).map((name) => [packageName(name), "workspace:*"])));
  });

  it("says the same about itself as its neighbours do", () => {
    expect(manifest).toMatchObject({ name: packageName(folder), type: "module", license: "MIT", engines: { node: ">=20.19.0" } });
    expect(manifest.sideEffects).toEqual(effects[folder] ?? false);
  });

  it("has a README, whose examples run", () => {
    expect(existsSync(`packages/${folder}/README.md`)).toBe(true);
  });

  it("publishes every export without the source condition, which is for the workspace alone", () => {
    const published = (target: Target): Target => {
      if (typeof target === "string") return target;
      const { "@gradus/source": source, ...rest } = target;
      if (typeof source === "string") {
        const built = source.replace(/^\.\/src\/(.*)\.ts$/, "./dist/$1");
        expect(rest).toMatchObject({ types: `${built}.d.ts`, default: `${built}.js` });
        expect(existsSync(`packages/${folder}/${source}`)).toBe(true);
      }
      return Object.fromEntries(Object.entries(rest).map(([condition, each]) => [condition, published(each)]));
    };
    expect(manifest.publishConfig.exports).toEqual(published(manifest.exports));
  });
});

it.each(["autograd", "kernel-ir", "scalar-autodiff", "tensor-core", "backend-cpu", "backend-webgpu", "nn", "optim"])(
  "packages/%s needs nothing from outside at run time",
  (folder) => {
    const foreign = Object.keys(manifestOf(folder).dependencies ?? {}).filter((name) => name !== "gradus" && !name.startsWith("@gradus/"));
    expect(foreign).toEqual([]);
  },
);
