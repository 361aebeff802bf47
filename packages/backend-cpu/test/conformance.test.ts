import { cpu } from "@gradus/backend-cpu";
import { describeBackend } from "@gradus/backend-conformance";

// Engines with relaxed SIMD fuse the products of a contraction with its sums; without it every bit is the interpreter's.
describeBackend({ name: "cpu", create: () => cpu(), tolerance: { fusesMultiplyAdd: "contractions" } });
describeBackend({ name: "cpu without relaxed SIMD, with bounds checked", create: () => cpu({ relaxed: false, checkBounds: true }) });
