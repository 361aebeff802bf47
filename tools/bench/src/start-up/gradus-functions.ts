import { cpu } from "@gradus/backend-cpu";
import { matmul, setDefaultDevice, tensor } from "@gradus/tensor-core/functions";

setDefaultDevice(cpu(JSON.parse(process.env["BENCH_OPTIONS"] ?? "{}") as object));
const x = tensor([[1, 2], [3, 4]]);
matmul(x, x).readSync();
