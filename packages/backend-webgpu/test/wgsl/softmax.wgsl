// kernel softmax
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read_write> p1: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

// WGSL refuses literals of NaN, infinity and the like; a parameter is no literal.
fn float_of_bits(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}

// The same value, of which a compiler cannot know how it came about: see rounding.ts. The zero is set by `main`.
var<private> zero: u32;

fn rounded(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ zero);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// An integer that orders floats as their values do: equal for -0 and 0, beyond the infinities for NaN.
fn float_order(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  let magnitude = bits & 0x7fffffff;
  return select(magnitude, -magnitude, bits < 0);
}

// Arithmetic may take subnormal numbers for zero. So comparisons always do, or a formula would divide by what it has found not to be zero.
fn comparable(x: f32) -> i32 {
  let order = float_order(x);
  return select(order, 0, abs(order) < 0x00800000);
}

fn float_lt(x: f32, y: f32) -> bool {
  return comparable(x) < comparable(y) && !is_nan(x) && !is_nan(y);
}

fn float_max(x: f32, y: f32) -> f32 {
  if (is_nan(x) || is_nan(y)) { return float_of_bits(0x7fc00000u); }
  if (float_order(x) == float_order(y)) { return bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)); }
  return select(y, x, float_order(x) > float_order(y));
}

fn int_shl(x: i32, count: i32) -> i32 {
  return x << (u32(count) & 31u);
}

struct Scalars {
  s0: i32,
  s1: i32,
}

fn combine0(left: f32, right: f32) -> f32 {
  return float_max(left, right);
}

fn combine1(left: f32, right: f32) -> f32 {
  return left + right;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let point = group * 64u + lane;
  if (point >= u32(scalars.s0)) { return; }
  let i0 = i32(point);
  var total0: array<f32, 16>;
  for (var lane = 0; lane < 16; lane++) {
    total0[lane] = rounded(float_of_bits(0xff800000u));
  }
  var tail0 = rounded(float_of_bits(0xff800000u));
  let v0 = i0 * scalars.s1;
  for (var begin = 0; begin < scalars.s1 / 16; begin += 512) {
    var partial0: array<f32, 16>;
    for (var lane = 0; lane < 16; lane++) {
      partial0[lane] = rounded(float_of_bits(0xff800000u));
    }
    for (var step = begin; step < min(begin + 512, scalars.s1 / 16); step++) {
      for (var lane = 0; lane < 16; lane++) {
        let i1 = step * 16 + lane;
        partial0[lane] = combine0(partial0[lane], p0[v0 + i1]);
      }
    }
    for (var lane = 0; lane < 16; lane++) {
      total0[lane] = combine0(total0[lane], partial0[lane]);
    }
  }
  for (var i1 = scalars.s1 / 16 * 16; i1 < scalars.s1; i1++) {
    tail0 = combine0(tail0, p0[v0 + i1]);
  }
  for (var half = 8; half > 0; half /= 2) {
    for (var lane = 0; lane < half; lane++) {
      total0[lane] = combine0(total0[lane], total0[lane + half]);
    }
  }
  let result0 = combine0(total0[0], tail0);
  var total1 = rounded(0.0);
  for (var begin = 0; begin < scalars.s1; begin += 512) {
    var partial1 = rounded(0.0);
    for (var i1 = begin; i1 < min(begin + 512, scalars.s1); i1++) {
      let v1 = p0[v0 + i1] - result0;
      let v2 = round(v1 * 1.442695);
      let v3 = rounded(v1 - (v2 * 0.69311523)) - (v2 * 0.000031946183);
      let v4 = float_lt(v1, -86.0);
      let v5 = int_shl(bitcast<i32>(v2 + select(12583038.0, 12583103.0, v4)), 23);
      let v6 = ((((0.0013838902 * v3) + 0.0083691925) * v3) + 0.041668102) * v3;
      let v7 = ((v3 * v3) * (((v6 + 0.16666517) * v3) + 0.49999994)) + rounded(v3);
      let v8 = ((v7 + 1.0) * bitcast<f32>(v5)) * select(2.0, 5.421011e-20, v4);
      let v9 = select(select(v8, 0.0, float_lt(v1, -104.0)), float_of_bits(0x7f800000u), float_lt(88.72283, v1));
      partial1 = combine1(partial1, v9);
    }
    total1 = combine1(total1, partial1);
  }
  let result1 = total1;
  for (var i1 = 0; i1 < scalars.s1; i1++) {
    let v10 = v0 + i1;
    let v11 = p0[v10] - result0;
    let v12 = round(v11 * 1.442695);
    let v13 = rounded(v11 - (v12 * 0.69311523)) - (v12 * 0.000031946183);
    let v14 = float_lt(v11, -86.0);
    let v15 = int_shl(bitcast<i32>(v12 + select(12583038.0, 12583103.0, v14)), 23);
    let v16 = (((0.0013838902 * v13) + 0.0083691925) * v13) + 0.041668102;
    let v17 = (v13 * v13) * ((((v16 * v13) + 0.16666517) * v13) + 0.49999994);
    let v18 = (((v17 + rounded(v13)) + 1.0) * bitcast<f32>(v15)) * select(2.0, 5.421011e-20, v14);
    let v19 = select(select(v18, 0.0, float_lt(v11, -104.0)), float_of_bits(0x7f800000u), float_lt(88.72283, v11));
    p1[v10] = v19 / result1;
  }
}
