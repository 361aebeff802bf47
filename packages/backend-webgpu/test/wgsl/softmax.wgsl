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

fn int_shr(x: i32, count: i32) -> i32 {
  return x >> (u32(count) & 31u);
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
      let v2 = select(v1, -104.0, float_lt(v1, -104.0));
      let v3 = select(v2, 89.0, float_lt(89.0, v2));
      let v4 = round(v3 * 1.442695);
      let v5 = rounded(v3 - (v4 * 0.69311523)) - (v4 * 0.000031946183);
      let v6 = bitcast<i32>(v4 + 12583166.0);
      let v7 = int_shr(v6, 1);
      let v8 = ((((0.0013838902 * v5) + 0.0083691925) * v5) + 0.041668102) * v5;
      let v9 = ((v5 * v5) * (((v8 + 0.16666517) * v5) + 0.49999994)) + rounded(v5);
      let v10 = ((v9 + 1.0) * bitcast<f32>(int_shl(v7, 23))) * bitcast<f32>(int_shl(v6 - v7, 23));
      partial1 = combine1(partial1, v10);
    }
    total1 = combine1(total1, partial1);
  }
  let result1 = total1;
  for (var i1 = 0; i1 < scalars.s1; i1++) {
    let v11 = v0 + i1;
    let v12 = p0[v11] - result0;
    let v13 = select(v12, -104.0, float_lt(v12, -104.0));
    let v14 = select(v13, 89.0, float_lt(89.0, v13));
    let v15 = round(v14 * 1.442695);
    let v16 = rounded(v14 - (v15 * 0.69311523)) - (v15 * 0.000031946183);
    let v17 = bitcast<i32>(v15 + 12583166.0);
    let v18 = int_shr(v17, 1);
    let v19 = (((0.0013838902 * v16) + 0.0083691925) * v16) + 0.041668102;
    let v20 = (v16 * v16) * ((((v19 * v16) + 0.16666517) * v16) + 0.49999994);
    let v21 = ((v20 + rounded(v16)) + 1.0) * bitcast<f32>(int_shl(v18, 23));
    p1[v11] = (v21 * bitcast<f32>(int_shl(v17 - v18, 23))) / result1;
  }
}
