// kernel softmax
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read_write> p1: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;
@group(0) @binding(3) var<storage, read_write> scratch: array<i32>;

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

var<workgroup> parts0: array<f32, 64>;

var<workgroup> parts1: array<f32, 64>;

@compute @workgroup_size(64)
fn partial0(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let part = group * 64u + lane;
  let v0 = (u32(scalars.s1) + 8191u) / 8192u;
  if (part >= 16u * u32(scalars.s0) * v0) { return; }
  let part_lane = i32(part % 16u);
  let rest_part_lane = part / 16u;
  let v1 = (u32(scalars.s1) + 8191u) / 8192u;
  let begin = i32(rest_part_lane % v1) * 8192;
  let rest_begin = rest_part_lane / v1;
  let i0 = i32(rest_begin);
  let v2 = (u32(scalars.s1) + 8191u) / 8192u;
  let v3 = 16u * u32(scalars.s0) * v2;
  let point = (0u * u32(scalars.s0) + u32(i0));
  let v4 = u32(scalars.s0);
  let v5 = scalars.s1 / 16;
  let v6 = u32((v5 + 511) / 512);
  let v7 = 1u;
  var partial0 = rounded(float_of_bits(0xff800000u));
  let first_step = begin / 16;
  let v8 = i0 * scalars.s1;
  for (var step = first_step; step < min(first_step + 512, v5); step++) {
    let i1 = step * 16 + part_lane;
    partial0 = combine0(partial0, p0[v8 + i1]);
  }
  scratch[2u * v4 + 0u * v3 + part] = bitcast<i32>(partial0);
}

@compute @workgroup_size(64)
fn fold0(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let point = group;
  if (point >= u32(scalars.s0)) { return; }
  let i0 = i32(point);
  let v9 = u32(scalars.s0);
  let v10 = scalars.s1 / 16;
  let v11 = u32((v10 + 511) / 512);
  let v12 = 1u;
  let v13 = (u32(scalars.s1) + 8191u) / 8192u;
  let v14 = 16u * u32(scalars.s0) * v13;
  let v15 = (u32(scalars.s1) + 8191u) / 8192u;
  let v16 = v15;
  var total0 = rounded(float_of_bits(0xff800000u));
  if (lane < 16u) {
    for (var row = 0u; row < v12; row++) {
      for (var chunk = 0u; chunk < v11; chunk++) {
        let part = ((point * v12 + row) * v16 + chunk) * 16u + lane;
        total0 = combine0(total0, bitcast<f32>(scratch[2u * v9 + 0u * v14 + part]));
      }
    }
  }
  parts0[lane] = total0;
  workgroupBarrier();
  for (var half = 8u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts0[lane] = combine0(parts0[lane], parts0[lane + half]);
    }
    workgroupBarrier();
  }
  let v17 = i0 * scalars.s1;
  if (lane == 0u) {
    var tail0 = rounded(float_of_bits(0xff800000u));
    for (var rest = v10 * 16; rest < scalars.s1; rest++) {
      let i1 = rest;
      tail0 = combine0(tail0, p0[v17 + i1]);
    }
    parts0[0u] = combine0(parts0[0u], tail0);
  }
  workgroupBarrier();
  let result0 = parts0[0u];
  if (lane == 0u) {
    scratch[0u * v9 + point] = bitcast<i32>(result0);
  }
}

@compute @workgroup_size(64)
fn partial1(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let part = group * 64u + lane;
  let v18 = (u32(scalars.s1) + 511u) / 512u;
  if (part >= v18 * u32(scalars.s0)) { return; }
  let i0 = i32(part % u32(scalars.s0));
  let rest_i0 = part / u32(scalars.s0);
  let begin = i32(rest_i0) * 512;
  let v19 = (u32(scalars.s1) + 511u) / 512u;
  let v20 = v19 * u32(scalars.s0);
  let point = (0u * u32(scalars.s0) + u32(i0));
  let v21 = u32(scalars.s0);
  let result0 = bitcast<f32>(scratch[0u * v21 + point]);
  let v22 = u32((scalars.s1 + 511) / 512);
  let v23 = 1u;
  var partial1 = rounded(0.0);
  let first_step = begin / 1;
  let v24 = i0 * scalars.s1;
  for (var step = first_step; step < min(first_step + 512, scalars.s1); step++) {
    let i1 = step;
    let v25 = p0[v24 + i1] - result0;
    let v26 = select(v25, -104.0, float_lt(v25, -104.0));
    let v27 = select(v26, 89.0, float_lt(89.0, v26));
    let v28 = round(v27 * 1.442695);
    let v29 = rounded(v27 - (v28 * 0.69311523)) - (v28 * 0.000031946183);
    let v30 = bitcast<i32>(v28 + 12583166.0);
    let v31 = int_shr(v30, 1);
    let v32 = (((0.0013838902 * v29) + 0.0083691925) * v29) + 0.041668102;
    let v33 = (v29 * v29) * ((((v32 * v29) + 0.16666517) * v29) + 0.49999994);
    let v34 = ((v33 + rounded(v29)) + 1.0) * bitcast<f32>(int_shl(v31, 23));
    partial1 = combine1(partial1, v34 * bitcast<f32>(int_shl(v30 - v31, 23)));
  }
  scratch[2u * v21 + 0u * v20 + part] = bitcast<i32>(partial1);
}

@compute @workgroup_size(64)
fn fold1(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let point = group;
  if (point >= u32(scalars.s0)) { return; }
  let i0 = i32(point);
  let v35 = u32(scalars.s0);
  let result0 = bitcast<f32>(scratch[0u * v35 + point]);
  let v36 = u32((scalars.s1 + 511) / 512);
  let v37 = 1u;
  let v38 = (u32(scalars.s1) + 511u) / 512u;
  let v39 = v38 * u32(scalars.s0);
  let v40 = (u32(scalars.s1) + 511u) / 512u;
  let v41 = v40;
  var total1 = rounded(0.0);
  if (lane < 1u) {
    for (var row = 0u; row < v37; row++) {
      for (var chunk = 0u; chunk < v36; chunk++) {
        let part = (row * v41 + chunk) * v35 + point;
        total1 = combine1(total1, bitcast<f32>(scratch[2u * v35 + 0u * v39 + part]));
      }
    }
  }
  parts1[lane] = total1;
  workgroupBarrier();
  let result1 = parts1[0u];
  if (lane == 0u) {
    scratch[1u * v35 + point] = bitcast<i32>(result1);
  }
}

@compute @workgroup_size(64)
fn store(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let inner_point = group * 64u + lane;
  if (inner_point >= u32(scalars.s0) * u32(scalars.s1)) { return; }
  let i1 = i32(inner_point % u32(scalars.s1));
  let rest_i1 = inner_point / u32(scalars.s1);
  let i0 = i32(rest_i1);
  let v42 = u32(scalars.s1);
  let point = inner_point / v42;
  let v43 = u32(scalars.s0);
  let result0 = bitcast<f32>(scratch[0u * v43 + point]);
  let result1 = bitcast<f32>(scratch[1u * v43 + point]);
  let v44 = (i0 * scalars.s1) + i1;
  let v45 = p0[v44] - result0;
  let v46 = select(v45, -104.0, float_lt(v45, -104.0));
  let v47 = select(v46, 89.0, float_lt(89.0, v46));
  let v48 = round(v47 * 1.442695);
  let v49 = rounded(v47 - (v48 * 0.69311523)) - (v48 * 0.000031946183);
  let v50 = bitcast<i32>(v48 + 12583166.0);
  let v51 = int_shr(v50, 1);
  let v52 = (((0.0013838902 * v49) + 0.0083691925) * v49) + 0.041668102;
  let v53 = (v49 * v49) * ((((v52 * v49) + 0.16666517) * v49) + 0.49999994);
  let v54 = ((v53 + rounded(v49)) + 1.0) * bitcast<f32>(int_shl(v51, 23));
  p1[v44] = (v54 * bitcast<f32>(int_shl(v50 - v51, 23))) / result1;
}
