import { webgpu } from "@gradus/backend-webgpu";
import { manualSeed, openScope, randn, setDefaultDevice, Tensor } from "@gradus/tensor-core";
import { classified, crossEntropy, lenet, mlp, sgd, trainingWith } from "../engines/gradus-models.js";
import type { Case } from "../protocol.js";
import { serveOnPage } from "./serve-on-page.js";

const device = await webgpu();
setDefaultDevice(device);
manualSeed(0);

const training = trainingWith((loss) => loss);
const product = (n: number): Case => () => {
  const [a, b] = [randn([n, n]), randn([n, n])];
  return () => void a.matmul(b);
};
const cases = {
  "matmul 512": product(512),
  "matmul 1024": product(1024),
  "step a (MLP)": training(mlp, sgd(0.01), classified(64, 784), crossEntropy),
  "step b (LeNet)": training(lenet, sgd(0.01), classified(64, 1, 28, 28), crossEntropy),
};

/** With `?scope` each run stands in a scope, which gives back at its end what the run made. */
const scoped = new URL(import.meta.url).searchParams.has("scope");

/** The case, each run until the device has finished, and until the loss has been read where there is one. */
const finished = (make: Case): Case => async () => {
  const run = await make();
  return async () => {
    const scope = scoped ? openScope() : null;
    const loss = scope === null ? run() : scope.run(run);
    await (loss instanceof Tensor ? loss.item() : device.sync());
    scope?.close();
  };
};

serveOnPage(Object.fromEntries(Object.entries(cases).map(([name, make]) => [name, finished(make)])), {
  counters: () => {
    const { dispatches, submits, readBytes, buffersCreated, pipelines } = device.stats();
    return { dispatches, submits, "bytes read": readBytes, "buffers created": buffersCreated, pipelines };
  },
});
