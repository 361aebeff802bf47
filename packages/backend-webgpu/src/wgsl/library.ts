/**
 * Functions that shaders call where WGSL's own operators mean something else than kernel-ir, or where WGSL lets an
 * implementation assume that there are no NaNs and infinities. Those cases are decided here on the bits, as integers, so
 * that no fast-math compiler can fold them away.
 *
 * A function may call those before it.
 */
const functions = [
  `
// WGSL refuses literals of NaN, infinity and the like; a parameter is no literal.
fn float_of_bits(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}`,
  `
// The same value, of which a compiler cannot know how it came about: see rounding.ts. The zero is set by \`main\`.
var<private> zero: u32;

fn rounded(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ zero);
}`,
  `
fn int_of_literal(x: i32) -> i32 {
  return x;
}`,
  `
fn float_abs(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0x7fffffffu);
}`,
  `
fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}`,
  `
// An integer that orders floats as their values do: equal for -0 and 0, beyond the infinities for NaN.
fn float_order(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  let magnitude = bits & 0x7fffffff;
  return select(magnitude, -magnitude, bits < 0);
}`,
  `
// Arithmetic may take subnormal numbers for zero. So comparisons always do, or a formula would divide by what it has found not to be zero.
fn comparable(x: f32) -> i32 {
  let order = float_order(x);
  return select(order, 0, abs(order) < 0x00800000);
}`,
  `
fn float_eq(x: f32, y: f32) -> bool {
  return comparable(x) == comparable(y) && !is_nan(x);
}`,
  `
fn float_lt(x: f32, y: f32) -> bool {
  return comparable(x) < comparable(y) && !is_nan(x) && !is_nan(y);
}`,
  `
fn float_le(x: f32, y: f32) -> bool {
  return comparable(x) <= comparable(y) && !is_nan(x) && !is_nan(y);
}`,
  `
// Equal values differ at most in the sign of zero: the smaller has it, the larger has not.
fn float_min(x: f32, y: f32) -> f32 {
  if (is_nan(x) || is_nan(y)) { return float_of_bits(0x7fc00000u); }
  if (float_order(x) == float_order(y)) { return bitcast<f32>(bitcast<u32>(x) | bitcast<u32>(y)); }
  return select(y, x, float_order(x) < float_order(y));
}`,
  `
fn float_max(x: f32, y: f32) -> f32 {
  if (is_nan(x) || is_nan(y)) { return float_of_bits(0x7fc00000u); }
  if (float_order(x) == float_order(y)) { return bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)); }
  return select(y, x, float_order(x) > float_order(y));
}`,
  `
// WGSL's % rounds its quotient. Here the mantissas are divided as integers, eight bits of the quotient at a time: exact.
fn float_rem(x: f32, y: f32) -> f32 {
  let sign = bitcast<u32>(x) & 0x80000000u;
  let a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  if (a >= 0x7f800000u || b > 0x7f800000u || b == 0u) { return float_of_bits(0x7fc00000u); }
  if (a < b) { return x; }
  let a_exponent = max(a >> 23u, 1u);
  let b_exponent = max(b >> 23u, 1u);
  let a_mantissa = select(0u, 0x800000u, a >= 0x800000u) | (a & 0x7fffffu);
  let b_mantissa = select(0u, 0x800000u, b >= 0x800000u) | (b & 0x7fffffu);
  var rest = a_mantissa % b_mantissa;
  for (var left = a_exponent - b_exponent; left > 0u; ) {
    let bits = min(left, 8u);
    rest = (rest << bits) % b_mantissa;
    left -= bits;
  }
  if (rest == 0u) { return bitcast<f32>(sign); }
  let up = min(countLeadingZeros(rest) - 8u, b_exponent - 1u);
  let mantissa = rest << up;
  let exponent = select(0u, b_exponent - up, mantissa >= 0x800000u);
  return bitcast<f32>(sign | (exponent << 23u) | (mantissa & 0x7fffffu));
}`,
  `
// WGSL's i32(x) stops at the largest float below 2^31 and leaves NaN open.
fn float_to_int(x: f32) -> i32 {
  if (is_nan(x)) { return 0; }
  if (float_order(x) >= 0x4f000000) { return 0x7fffffff; }
  if (float_order(x) <= -0x4f000000) { return i32(-2147483648); }
  return i32(x);
}`,
  `
fn float_to_bool(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) != 0u;
}`,
  `
// The nearest float16, ties to even, as a float32. Below 2^-14 its grid is 2^-24.
fn round_float16(x: f32) -> f32 {
  let sign = bitcast<u32>(x) & 0x80000000u;
  let magnitude = bitcast<u32>(x) & 0x7fffffffu;
  if (magnitude > 0x7f800000u) { return float_of_bits(0x7fc00000u); }
  if (magnitude >= 0x477ff000u) { return bitcast<f32>(sign | 0x7f800000u); }
  if (magnitude < 0x38800000u) {
    let units = round(bitcast<f32>(magnitude) * 16777216.0);
    return bitcast<f32>(sign | bitcast<u32>(units * 5.9604644775390625e-8));
  }
  return bitcast<f32>(sign | ((magnitude + 0xfffu + ((magnitude >> 13u) & 1u)) & 0xffffe000u));
}`,
  `
// The nearest bfloat16, ties to even, as a float32.
fn round_bfloat16(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (is_nan(x)) { return float_of_bits(0x7fc00000u); }
  return bitcast<f32>((bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u);
}`,
  `
// WGSL defines x / 0 as x, and the most negative integer divided by -1 as itself.
fn int_div(x: i32, y: i32) -> i32 {
  return select(x / y, 0, y == 0);
}`,
  `
// WGSL defines x % 0 as 0, but refuses a literal zero; a parameter is no literal.
fn int_rem(x: i32, y: i32) -> i32 {
  return x % y;
}`,
  `
fn int_shl(x: i32, count: i32) -> i32 {
  return x << (u32(count) & 31u);
}`,
  `
fn int_shr(x: i32, count: i32) -> i32 {
  return x >> (u32(count) & 31u);
}`,
  `
fn int_ushr(x: i32, count: i32) -> i32 {
  return bitcast<i32>(bitcast<u32>(x) >> (u32(count) & 31u));
}`,
  `
// A long is an int64 whose value fits 32 bits; its shift counts are taken modulo 64.
fn long_shl(x: i32, count: i32) -> i32 {
  return select(x << (u32(count) & 31u), 0, (count & 63) > 31);
}`,
  `
fn long_shr(x: i32, count: i32) -> i32 {
  return x >> min(u32(count) & 63u, 31u);
}`,
  `
// The upper half of a negative long is all ones.
fn long_ushr(x: i32, count: i32) -> i32 {
  let upper = bitcast<u32>(x >> 31u);
  return select(x >> (u32(count) & 31u), bitcast<i32>(upper >> (u32(count) & 31u)), (count & 63) > 31);
}`,
].map((source) => ({ name: /fn (\w+)/.exec(source)?.[1] ?? "", source: source.trimStart() }));

/** The functions that `code` calls, those they call included. */
export function libraryFor(code: string): string {
  let library = "";
  for (const { name, source } of [...functions].reverse()) {
    if (code.includes(`${name}(`) || library.includes(`${name}(`)) library = `${source}\n\n${library}`;
  }
  return library;
}
