import type { PadOptions, Tensor } from "@gradus/tensor-core";
import { ArgumentError, pad } from "@gradus/tensor-core";
import { pythonValue } from "./python-text.js";
import { Module } from "./tensor-module.js";

/** One number for all sides, or two for each dimension, of the last dimension first: `[left, right, top, bottom]`. */
export type Sides = number | readonly number[];

/** Padding of the last dimensions. */
abstract class Pad extends Module {
  readonly padding: readonly number[];

  constructor(dimensions: number, padding: Sides, protected readonly mode: PadOptions) {
    super();
    this.padding = typeof padding === "number" ? new Array<number>(2 * dimensions).fill(padding) : [...padding];
    if (this.padding.length !== 2 * dimensions) throw new ArgumentError(`${this.constructor.name}: expected one padding or ${2 * dimensions} of them, got ${padding.toString()}`);
  }

  forward(x: Tensor): Tensor {
    return pad(x, this.padding, this.mode);
  }

  override extraRepr(): string {
    return pythonValue(this.padding);
  }
}

abstract class ConstantPad extends Pad {
  constructor(dimensions: number, padding: Sides, readonly value: number) {
    super(dimensions, padding, { value });
  }

  override extraRepr(): string {
    return `padding=${pythonValue(this.padding)}, value=${pythonValue(this.value)}`;
  }
}

/** A constant on both sides of a sequence. @see torch.nn.ConstantPad1d */
export class ConstantPad1d extends ConstantPad {
  constructor(padding: Sides, value: number) { super(1, padding, value); }
}

/**
 * A constant around an image; negative sizes cut off.
 *
 * @see torch.nn.ConstantPad2d
 * @example
 * new ConstantPad2d([1, 0, 0, 0], 7).call(tensor([[[1, 2]]])).toArraySync(); // [[[7, 1, 2]]]
 */
export class ConstantPad2d extends ConstantPad {
  constructor(padding: Sides, value: number) { super(2, padding, value); }
}

/** A constant around a volume. @see torch.nn.ConstantPad3d */
export class ConstantPad3d extends ConstantPad {
  constructor(padding: Sides, value: number) { super(3, padding, value); }
}

/** Zeros on both sides of a sequence. @see torch.nn.ZeroPad1d */
export class ZeroPad1d extends Pad {
  constructor(padding: Sides) { super(1, padding, {}); }
}

/** Zeros around an image. @see torch.nn.ZeroPad2d */
export class ZeroPad2d extends Pad {
  constructor(padding: Sides) { super(2, padding, {}); }
}

/** Zeros around a volume. @see torch.nn.ZeroPad3d */
export class ZeroPad3d extends Pad {
  constructor(padding: Sides) { super(3, padding, {}); }
}

/** The sequence's own elements, mirrored at its ends. @see torch.nn.ReflectionPad1d */
export class ReflectionPad1d extends Pad {
  constructor(padding: Sides) { super(1, padding, { mode: "reflect" }); }
}

/** The image's own elements, mirrored at its edges. @see torch.nn.ReflectionPad2d */
export class ReflectionPad2d extends Pad {
  constructor(padding: Sides) { super(2, padding, { mode: "reflect" }); }
}

/** The volume's own elements, mirrored at its faces. @see torch.nn.ReflectionPad3d */
export class ReflectionPad3d extends Pad {
  constructor(padding: Sides) { super(3, padding, { mode: "reflect" }); }
}

/** The sequence's outermost elements, repeated. @see torch.nn.ReplicationPad1d */
export class ReplicationPad1d extends Pad {
  constructor(padding: Sides) { super(1, padding, { mode: "replicate" }); }
}

/** The image's outermost elements, repeated. @see torch.nn.ReplicationPad2d */
export class ReplicationPad2d extends Pad {
  constructor(padding: Sides) { super(2, padding, { mode: "replicate" }); }
}

/** The volume's outermost elements, repeated. @see torch.nn.ReplicationPad3d */
export class ReplicationPad3d extends Pad {
  constructor(padding: Sides) { super(3, padding, { mode: "replicate" }); }
}

/** The elements of the sequence's other end. @see torch.nn.CircularPad1d */
export class CircularPad1d extends Pad {
  constructor(padding: Sides) { super(1, padding, { mode: "circular" }); }
}

/** The elements of the image's other side. @see torch.nn.CircularPad2d */
export class CircularPad2d extends Pad {
  constructor(padding: Sides) { super(2, padding, { mode: "circular" }); }
}

/** The elements of the volume's other side. @see torch.nn.CircularPad3d */
export class CircularPad3d extends Pad {
  constructor(padding: Sides) { super(3, padding, { mode: "circular" }); }
}
