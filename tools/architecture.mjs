// Which package may know which. An arrow that runs up or sideways is a defect; ESLint (tools/eslint) reports the import, and
// tools/test/architecture.test.ts keeps the `dependencies` of every package.json equal to this table.

/**
 * Package folder → the packages that its sources may import.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const arrows = {
  // Ground floor: no dependencies at all.
  autograd: [],
  "kernel-ir": [],

  // What computes: scalars, tensors, and the devices behind the seam.
  "scalar-autodiff": ["autograd"],
  "tensor-core": ["autograd", "kernel-ir"],
  "backend-cpu": ["kernel-ir"],
  "backend-webgpu": ["kernel-ir"],
  "backend-conformance": ["kernel-ir", "tensor-core"],

  // What learns.
  nn: ["autograd", "tensor-core"],
  optim: ["autograd", "tensor-core"],
  datasets: ["tensor-core"],
  serialization: ["tensor-core"],
  linalg: ["tensor-core"],
  special: ["kernel-ir", "tensor-core"],
  models: ["nn", "tensor-core"],

  // The umbrella composes them and chooses the CPU.
  gradus: ["autograd", "backend-cpu", "datasets", "nn", "optim", "serialization", "tensor-core"],
};

/**
 * Files that stand lower than the rest of their package: modules and parameters serve scalars too, so they must not know tensors.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const lowerFiles = {
  "packages/nn/src/module.ts": ["autograd"],
  "packages/nn/src/parameter.ts": ["autograd"],
};

/**
 * The npm name of a package folder.
 *
 * @param {string} folder
 */
export const packageName = (folder) => (folder === "gradus" ? "gradus" : `@gradus/${folder}`);
