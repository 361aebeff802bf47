// scatter index_add
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read> p1: array<i32>;
@group(0) @binding(2) var<storage, read_write> p2: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;
@group(0) @binding(4) var<storage, read_write> failed: atomic<u32>;

// WGSL refuses literals of NaN, infinity and the like; a parameter is no literal.
fn float_of_bits(bits: u32) -> f32 {
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The nearest bfloat16, ties to even, as a float32.
fn round_bfloat16(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (is_nan(x)) { return float_of_bits(0x7fc00000u); }
  return bitcast<f32>((bits + 0x7fffu + ((bits >> 16u) & 1u)) & 0xffff0000u);
}

struct Scalars {
  guards: u32,
}

// The first failure is kept.
fn fail(guard: u32) {
  if (atomicLoad(&failed) == 0u) { atomicStore(&failed, scalars.guards + guard); }
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = id.x + id.y * groups.x;
  let point = group * 64u + lane;
  if (point >= 5u) { return; }
  let i0 = i32(point);
  let v1 = i0 * 7;
  let v2 = i0 * 20;
  for (var i1 = 0; i1 < 20; i1++) {
    let v0 = p1[i1];
    if (!((0 <= v0) & (v0 < 7))) {
      fail(0u);
      return;
    }
    let v3 = v1 + v0;
    let v4 = p0[v2 + i1];
    p2[v3] = round_bfloat16(p2[v3] + v4);
  }
}
