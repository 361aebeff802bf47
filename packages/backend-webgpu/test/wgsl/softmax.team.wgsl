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

var<workgroup> parts0: array<f32, 64>;

fn combine1(left: f32, right: f32) -> f32 {
  return left + right;
}

var<workgroup> parts1: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let point = group;
  if (point >= u32(scalars.s0)) { return; }
  let i0 = i32(point);
  let v0 = scalars.s1 / 16;
  let v1 = u32((v0 + 511) / 512);
  let v2 = 1u;
  let v3 = i32(lane % 16u);
  var total0 = rounded(float_of_bits(0xff800000u));
  let v4 = i0 * scalars.s1;
  for (var first = 0u; first < v2 * v1; first += 4u) {
    let part = first + lane / 16u;
    var partial0 = rounded(float_of_bits(0xff800000u));
    if (part < v2 * v1) {
      let begin = i32(part % v1) * 512;
      for (var step = begin; step < min(begin + 512, v0); step++) {
        let i1 = step * 16 + v3;
        partial0 = combine0(partial0, p0[v4 + i1]);
      }
    }
    parts0[lane] = partial0;
    workgroupBarrier();
    if (lane < 16u) {
      for (var other = 0u; other < min(4u, v2 * v1 - first); other++) {
        total0 = combine0(total0, parts0[other * 16u + lane]);
      }
    }
    workgroupBarrier();
  }
  parts0[lane] = total0;
  workgroupBarrier();
  for (var half = 8u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts0[lane] = combine0(parts0[lane], parts0[lane + half]);
    }
    workgroupBarrier();
  }
  if (lane == 0u) {
    var tail0 = rounded(float_of_bits(0xff800000u));
    for (var rest = v0 * 16; rest < scalars.s1; rest++) {
      let i1 = rest;
      tail0 = combine0(tail0, p0[v4 + i1]);
    }
    parts0[0u] = combine0(parts0[0u], tail0);
  }
  workgroupBarrier();
  let result0 = parts0[0u];
  let v5 = u32((scalars.s1 + 511) / 512);
  let v6 = 1u;
  var total1 = rounded(0.0);
  for (var first = 0u; first < v6 * v5; first += 64u) {
    let part = first + lane;
    var partial1 = rounded(0.0);
    if (part < v6 * v5) {
      let begin = i32(part % v5) * 512;
      for (var step = begin; step < min(begin + 512, scalars.s1); step++) {
        let i1 = step;
        let v7 = p0[v4 + i1] - result0;
        let v8 = select(v7, -104.0, float_lt(v7, -104.0));
        let v9 = select(v8, 89.0, float_lt(89.0, v8));
        let v10 = round(v9 * 1.442695);
        let v11 = rounded(v9 - (v10 * 0.69311523)) - (v10 * 0.000031946183);
        let v12 = bitcast<i32>(v10 + 12583166.0);
        let v13 = int_shr(v12, 1);
        let v14 = (((0.0013838902 * v11) + 0.0083691925) * v11) + 0.041668102;
        let v15 = (v11 * v11) * ((((v14 * v11) + 0.16666517) * v11) + 0.49999994);
        let v16 = ((v15 + rounded(v11)) + 1.0) * bitcast<f32>(int_shl(v13, 23));
        partial1 = combine1(partial1, v16 * bitcast<f32>(int_shl(v12 - v13, 23)));
      }
    }
    parts1[lane] = partial1;
    workgroupBarrier();
    if (lane < 1u) {
      for (var other = 0u; other < min(64u, v6 * v5 - first); other++) {
        total1 = combine1(total1, parts1[other * 1u + lane]);
      }
    }
    workgroupBarrier();
  }
  parts1[lane] = total1;
  workgroupBarrier();
  let result1 = parts1[0u];
  for (var position = lane; position < u32(scalars.s1); position += 64u) {
    let i1 = i32(position);
    let v17 = v4 + i1;
    let v18 = p0[v17] - result0;
    let v19 = select(v18, -104.0, float_lt(v18, -104.0));
    let v20 = select(v19, 89.0, float_lt(89.0, v19));
    let v21 = round(v20 * 1.442695);
    let v22 = rounded(v20 - (v21 * 0.69311523)) - (v21 * 0.000031946183);
    let v23 = bitcast<i32>(v21 + 12583166.0);
    let v24 = int_shr(v23, 1);
    let v25 = (((0.0013838902 * v22) + 0.0083691925) * v22) + 0.041668102;
    let v26 = (v22 * v22) * ((((v25 * v22) + 0.16666517) * v22) + 0.49999994);
    let v27 = ((v26 + rounded(v22)) + 1.0) * bitcast<f32>(int_shl(v24, 23));
    p1[v17] = (v27 * bitcast<f32>(int_shl(v23 - v24, 23))) / result1;
  }
}
