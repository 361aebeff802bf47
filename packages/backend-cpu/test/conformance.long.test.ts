import { cpu } from "@gradus/backend-cpu";
import { describeBackend } from "@gradus/backend-conformance";

describeBackend({ name: "cpu with two threads", create: () => cpu({ threads: 2, shareAll: true }), tolerance: { fusesMultiplyAdd: "contractions" } });
describeBackend({ name: "cpu with three threads, without relaxed SIMD", create: () => cpu({ threads: 3, shareAll: true, relaxed: false }) });
