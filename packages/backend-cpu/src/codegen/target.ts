/** What code is generated for. */
export interface Target {
  /** Whether the memory is shared between threads, which a module has to know. */
  readonly shared: boolean;
  /** Whether there is a multiply-add, and results may be rounded as it rounds them. */
  readonly relaxed: boolean;
  /** Whether the engine joins two neighbouring vectors into one of 256 bits. */
  readonly pairsVectors: boolean;
}
