import { defaultDevice, init, numpy as np } from "@jax-js/jax";

await init("wasm");
defaultDevice("wasm");
const x = np.array([[1, 2], [3, 4]]);
np.matmul(x.ref, x).dataSync();
