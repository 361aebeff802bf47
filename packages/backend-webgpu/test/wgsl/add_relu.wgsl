// kernel add_relu
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read> p1: array<f32>;
@group(0) @binding(2) var<storage, read_write> p2: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;

// WGSL refuses literals of NaN, infinity and the like; a parameter is no literal.
fn float_of_bits(bits: u32) -> f32 {
  return bitcast<f32>(bits);
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

fn float_max(x: f32, y: f32) -> f32 {
  if (is_nan(x) || is_nan(y)) { return float_of_bits(0x7fc00000u); }
  if (float_order(x) == float_order(y)) { return bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)); }
  return select(y, x, float_order(x) > float_order(y));
}

struct Scalars {
  s0: f32,
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = id.x + id.y * groups.x;
  let point = group * 64u + lane;
  if (point >= 1000u) { return; }
  let i0 = i32(point);
  p2[i0] = float_max(p0[i0] + (p1[i0] * scalars.s0), 0.0);
}
