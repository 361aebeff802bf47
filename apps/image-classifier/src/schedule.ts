/** The part of training in which the learning rate rises. */
const WARMUP = 0.1;

/**
 * The learning rate of a step: rises in a straight line to the highest, so that the first steps do not throw the weights about, then
 * falls along a cosine to nearly nothing, so that the last ones settle.
 *
 * @param step - From 0 to `steps` − 1.
 * @see L. N. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2018
 */
export function oneCycle(highest: number, step: number, steps: number): number {
  const warm = Math.max(1, Math.floor(steps * WARMUP));
  if (step < warm) return highest * ((step + 1) / warm);
  return (highest / 2) * (1 + Math.cos((Math.PI * (step - warm)) / (steps - warm)));
}
