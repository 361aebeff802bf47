import type { Arithmetic } from "@gradus/autograd";

/** The arithmetic in which an optimizer's update rule computes numbers. */
export const numbers: Arithmetic<number> = {
  constant: (value) => value,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
  maximum: Math.max,
  minimum: Math.min,
};
