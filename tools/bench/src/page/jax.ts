import { defaultDevice, init } from "@jax-js/jax";
import { lenet, mlp, product } from "../engines/jax-models.js";
import { serveOnPage } from "./serve-on-page.js";

if (!(await init("webgpu")).includes("webgpu")) throw new Error("jax-js found no WebGPU");
defaultDevice("webgpu");

serveOnPage({ "matmul 512": product(512, 512, 512), "matmul 1024": product(1024, 1024, 1024), "step a (MLP)": mlp, "step b (LeNet)": lenet });
