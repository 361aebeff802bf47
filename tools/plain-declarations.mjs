// Takes `import "x";` out of the declarations of the package in this folder. Their bundler writes it into every entry for what another entry
// imports. In types it has one effect: what x declares globally, such as the methods of tensors, is there where nobody asked for it.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

for (const name of readdirSync("dist").filter((file) => file.endsWith(".d.ts"))) {
  const file = join("dist", name);
  writeFileSync(file, readFileSync(file, "utf8").replace(/^import ['"][^'"]+['"];\n/gm, ""));
}
