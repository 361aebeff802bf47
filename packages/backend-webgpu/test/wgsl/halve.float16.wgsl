// kernel halve
enable f16;

@group(0) @binding(0) var<storage, read> p0: array<f16>;
@group(0) @binding(1) var<storage, read_write> p1: array<f16>;

// WGSL refuses literals of NaN, infinity and the like; a parameter is no literal.
fn float_of_bits(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}

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
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = id.x + id.y * groups.x;
  let point = group * 64u + lane;
  if (point >= 1000u) { return; }
  let i0 = i32(point);
  p1[i0] = f16(round_float16(f32(p0[i0]) * 0.5));
}
