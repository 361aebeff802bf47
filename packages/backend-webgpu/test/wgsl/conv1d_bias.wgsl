// contraction conv1d_bias
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read> p1: array<f32>;
@group(0) @binding(2) var<storage, read> p2: array<f32>;
@group(0) @binding(3) var<storage, read_write> p3: array<f32>;

// The same value, of which a compiler cannot know how it came about: see rounding.ts. The zero is set by `main`.
var<private> zero: u32;

fn rounded(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ zero);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let point = id.x + id.y * groups.x * 64u;
  if (point >= 320u) { return; }
  let i2 = i32(point % 10u);
  let rest2 = point / 10u;
  let i1 = i32(rest2 % 4u);
  let rest1 = rest2 / 4u;
  let i0 = i32(rest1);
  var sum = rounded(0.0);
  let v0 = i0 * 60;
  let v2 = (-2) + (i2 * 2);
  let v4 = i1 * 15;
  for (var i3 = 0; i3 < 3; i3++) {
    let v1 = v0 + (i3 * 20);
    let v5 = v4 + (i3 * 5);
    for (var i4 = 0; i4 < 5; i4++) {
      let v3 = v2 + i4;
      sum = sum + (select(0.0, p0[v1 + v3], (0 <= v3) & (v3 < 20)) * p1[v5 + i4]);
    }
  }
  p3[((i0 * 40) + (i1 * 10)) + i2] = sum + p2[i1];
}
