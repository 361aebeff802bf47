// Makes src/digits-data.ts from the file digits.csv.gz that scikit-learn ships (sklearn/datasets/data; in Debian: python3-sklearn).
// Usage: node scripts/embed-digits.mjs path/to/digits.csv.gz

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";

const [, , source] = process.argv;
if (source === undefined) throw new Error("embed-digits: expected the path of digits.csv.gz, got nothing");

// Each line: 64 grey values from 0 to 16, then the digit.
const rows = gunzipSync(readFileSync(source))
  .toString()
  .trim()
  .split("\n")
  .map((line) => line.split(",").map(Number));
const pixels = rows.flatMap((row) => row.slice(0, 64));
const labels = rows.map((row) => row[64] ?? NaN);
if (rows.length !== 1797 || pixels.some((value) => !(value >= 0 && value <= 16)) || labels.some((label) => !(label >= 0 && label <= 9))) {
  throw new Error(`embed-digits: ${source} is not the set of 1797 digits`);
}

const bytes = Uint8Array.from([...pixels, ...labels]);
const base64 = gzipSync(bytes, { level: 9, memLevel: 9 }).toString("base64");
const target = new URL("../src/digits-data.ts", import.meta.url);
writeFileSync(
  target,
  `// Made by scripts/embed-digits.mjs. The digits are by E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, licensed CC BY 4.0:
// https://doi.org/10.24432/C50P49. Changed here: one byte a value, all images and then all labels; gzip; base64.
export const digits =
  "${base64}";
`,
);
console.log(`${rows.length} digits, ${base64.length} characters, sha256 of the bytes ${createHash("sha256").update(bytes).digest("hex")}`);
