#!/usr/bin/env node
/**
 * The program: reads the command line, opens the device, runs a command, and turns failures into one line and a status.
 *
 * `commands.ts` is where the work is.
 */
import { classify, train } from "./commands.js";
import { withDevice } from "./device.js";
import { describeFailure, exitStatus, statusOf } from "./failure.js";
import { jsonReporter } from "./json-report.js";
import { parseOptions, type Request } from "./options.js";
import { textReporter } from "./text-report.js";

function run(request: Request): Promise<number> {
  if (request.command === "tell") {
    process.stdout.write(request.text);
    return Promise.resolve(exitStatus.success);
  }
  const reporter = request.json ? jsonReporter((line) => process.stdout.write(`${line}\n`)) : textReporter(process.stdout, process.stderr);
  return withDevice(request.device, () => (request.command === "train" ? train(request, reporter) : classify(request, reporter)));
}

// Whoever reads the output may leave early, as `head` does; then nobody wants the rest.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(exitStatus.brokenPipe);
});

const args = process.argv.slice(2);
try {
  process.exitCode = await run(parseOptions(args));
} catch (error) {
  const debug = args.includes("--debug") || Boolean(process.env.DEBUG);
  process.stderr.write(`${describeFailure(error, debug)}\n`);
  process.exitCode = statusOf(error);
}
