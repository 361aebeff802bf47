import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";
import { functions } from "./tools/eslint/functions.mjs";
import { imports } from "./tools/eslint/imports.mjs";

export default defineConfig(
  globalIgnores(["**/dist/", "**/coverage/", "**/.turbo/"]),
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    // One program for the whole workspace: a project for each package would check the sources of the lower ones again and again.
    languageOptions: { parserOptions: { project: "./tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { gradus: { rules: { functions, imports } } },
    rules: {
      "gradus/functions": "error",
      "gradus/imports": "error",
      // TypeScript knows better which names exist, in checked JavaScript too.
      "no-undef": "off",
      // Messages say which numbers did not fit: `expected 3 dimensions, got ${shape.length}`.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      // Under noUncheckedIndexedAccess, `data[i]!` is how a loop says that its bounds hold.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // A custom function is a class with two static methods, as in PyTorch.
      "@typescript-eslint/no-extraneous-class": "off",
      "@typescript-eslint/no-unnecessary-condition": ["error", { allowConstantLoopConditions: "only-allowed-literals" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", destructuredArrayIgnorePattern: "^_" }],
    },
  },
  {
    // In checked JavaScript a cast is a comment, which tsc honours and these rules do not see.
    files: ["**/*.mjs"],
    rules: {
      "@typescript-eslint/no-unsafe-argument": "off",
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-member-access": "off",
    },
  },
  {
    files: ["packages/*/src/**"],
    ignores: ["packages/*/src/node.ts", "packages/*/src/node/**", "packages/*/src/node-*.ts"],
    rules: {
      // tsc knows these names, because tests run in Node; a browser does not.
      "no-restricted-globals": ["error", "process", "Buffer", "global", "require", "setImmediate", "__dirname", "__filename"],
    },
  },
);
