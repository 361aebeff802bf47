import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Cooperation } from "@gradus/backend-webgpu/node";
import { measureDevice } from "./webgpu-device.js";
import { comparePeers } from "./webgpu-peers.js";

const { values } = parseArgs({
  options: {
    peers: { type: "boolean", default: false },
    sizes: { type: "string" },
    seconds: { type: "string", default: "1" },
    cooperation: { type: "string" },
    markdown: { type: "string" },
    help: { type: "boolean", default: false, short: "h" },
  },
});
if (values.help) {
  console.log(`Usage: npm run bench:webgpu -- [options]
  --peers           beside jax-js, tfjs and onnxruntime-web, in one Chromium; without it the device of Node by itself
  --sizes N,…       sides of the matrices that are multiplied (1024,2048,4096; 128,256 on an adapter in software); not with --peers
  --seconds N       time for each row, with --peers for each case and engine (1)
  --cooperation C   auto, never or always; by default what fits the adapter; not with --peers
  --markdown FILE   write the table there as well`);
  process.exit(0);
}

const seconds = Number(values.seconds);
const table = values.peers
  ? await comparePeers(seconds)
  : await measureDevice({ sizes: values.sizes?.split(",").map(Number) ?? null, seconds, cooperation: (values.cooperation ?? null) as Cooperation | null });
console.log(table);
if (values.markdown !== undefined) writeFileSync(values.markdown, table);
