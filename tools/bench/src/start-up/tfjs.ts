import { createRequire } from "node:module";
import { dirname } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import * as tf from "@tensorflow/tfjs-core";

const { resolve } = createRequire(import.meta.url);
setWasmPaths(`${dirname(resolve("@tensorflow/tfjs-backend-wasm/package.json"))}/dist/`);
tf.env().set("PROD", true);
await tf.setBackend(process.env["BENCH_BACKEND"] ?? "wasm");
await tf.ready();
const x = tf.tensor2d([[1, 2], [3, 4]]);
tf.matMul(x, x).dataSync();
