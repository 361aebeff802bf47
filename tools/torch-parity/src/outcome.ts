/** What became of a record. */
export type Outcome =
  /** `lacking` are the methods that PyTorch has for it and Gradus does not. */
  | { readonly status: "passed"; readonly lacking: readonly string[] }
  | { readonly status: "failed"; readonly why: string }
  /** Gradus has no such function, or this runner no check for such records. It counts as not passed. */
  | { readonly status: "unsupported"; readonly why: string };

export const passed = (lacking: readonly string[]): Outcome => ({ status: "passed", lacking });
export const failed = (why: string): Outcome => ({ status: "failed", why });
export const unsupported = (why: string): Outcome => ({ status: "unsupported", why });

/** A check that did not hold; its message becomes the reason. */
export class Disagreement extends Error {
  override readonly name = "Disagreement";
}
