import { describeBackend } from "@gradus/backend-conformance";
import { interpreter } from "@gradus/kernel-ir/interpreter";
import { asynchronous, canaries } from "@gradus/kernel-ir/testing";

describeBackend({ name: "interpreter", create: () => interpreter() });
describeBackend({ name: "an asynchronous device with canaries", create: () => asynchronous(canaries(interpreter())) });
