import { Generator } from "./generator.js";

/**
 * Random numbers: PyTorch's CPU generator, drawn on the host and written to the device, so that the same seed gives the
 * same numbers as PyTorch on every device.
 */
let generator: Generator | undefined;

/** The generator that random functions draw from unless they are given another. @see torch.default_generator */
export function defaultGenerator(): Generator {
  generator ??= new Generator();
  return generator;
}
