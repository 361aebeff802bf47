import { build, type Plugin } from "esbuild";
import { expect, it } from "vitest";

/** Takes every file for one that must be loaded whatever is used of it, so that what its statements do is kept. */
const everyFileCounts: Plugin = {
  name: "every-file-counts",
  setup: (build) => {
    build.onResolve({ filter: /.*/ }, async ({ path, pluginData, ...from }) => (pluginData === "resolving" ? undefined : { ...(await build.resolve(path, { ...from, pluginData: "resolving" })), sideEffects: true }));
  },
};

/** What a bundle of these lines holds, from the sources. */
async function bundle(lines: string, ...plugins: Plugin[]): Promise<string> {
  const { outputFiles } = await build({ stdin: { contents: lines, resolveDir: "packages/gradus" }, bundle: true, write: false, format: "esm", conditions: ["@gradus/source"], plugins });
  return outputFiles[0]!.text;
}

it("loading the functions of tensor-core does nothing, so that a bundler may leave out each that is not used", async () => {
  const code = await bundle('import "@gradus/tensor-core/functions";', everyFileCounts);
  // Plain numbers may stay. A function or class that does is named by something that runs when its file is loaded: annotate that with @__PURE__.
  expect([...code.matchAll(/^(?:async )?(?:function|class) .*$|^(?:var|let|const) \w+ = (?:class|new |[\w.]+\().*$/gm)].map(([line]) => line)).toEqual([]);
});

it("a bundle of a few functions holds no op that they do not use", async () => {
  const code = await bundle('export { tensor, matmul, grad } from "gradus/functions";');
  expect(code).toContain("inner dimensions must match");
  const named = ["softmax", "conv2d", "einsum", "crossEntropy", "layerNorm", "cumsum", "exp2"].filter((name) => code.includes(JSON.stringify(name)));
  expect(named).toEqual([]);
});
