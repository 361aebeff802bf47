import { cpu } from "@gradus/backend-cpu";
import { describeBackend } from "@gradus/backend-conformance";

// Engines with relaxed SIMD fuse the products of a contraction with its sums; without it every bit is the interpreter's.
describeBackend({ name: "cpu with one thread", create: () => cpu({ threads: 1 }), tolerance: { fusesMultiplyAdd: "contractions" } });
describeBackend({ name: "cpu without relaxed SIMD, with bounds checked", create: () => cpu({ relaxed: false, checkBounds: true, threads: 1 }) });
describeBackend({ name: "cpu with three threads", create: () => cpu({ threads: 3, shareAll: true }), tolerance: { fusesMultiplyAdd: "contractions" } });
