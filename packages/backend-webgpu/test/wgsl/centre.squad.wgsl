// kernel centre
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read_write> p1: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

// The same value, of which a compiler cannot know how it came about: see rounding.ts. The zero is set by `main`.
var<private> zero: u32;

fn rounded(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ zero);
}

struct Scalars {
  s0: i32,
}

fn combine0(left: f32, right: f32) -> f32 {
  return left + right;
}

var<workgroup> parts0: array<f32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let v0 = u32(scalars.s0);
  let member = lane % 16u;
  let squad = lane - member;
  let number = group * 4u + squad / 16u;
  let point = min(number, v0 - 1u);
  let i0 = i32(point);
  let v1 = 100 / 16;
  let v2 = u32((v1 + 511) / 512);
  let v3 = 1u;
  var total0 = rounded(0.0);
  let v4 = i0 * 100;
  for (var begin = 0; begin < v1; begin += 512) {
    var partial0 = rounded(0.0);
    for (var step = begin; step < min(begin + 512, v1); step++) {
      let i1 = step * 16 + i32(member);
      partial0 = combine0(partial0, p0[v4 + i1]);
    }
    total0 = combine0(total0, partial0);
  }
  parts0[lane] = total0;
  workgroupBarrier();
  for (var half = 8u; half > 0u; half /= 2u) {
    if (member < half) {
      parts0[lane] = combine0(parts0[lane], parts0[lane + half]);
    }
    workgroupBarrier();
  }
  if (member == 0u) {
    var tail0 = rounded(0.0);
    for (var rest = v1 * 16; rest < 100; rest++) {
      let i1 = rest;
      tail0 = combine0(tail0, p0[v4 + i1]);
    }
    parts0[squad] = combine0(parts0[squad], tail0);
  }
  workgroupBarrier();
  let result0 = parts0[squad];
  if (number < v0) {
    for (var position = member; position < 100u; position += 16u) {
      let i1 = i32(position);
      let v5 = v4 + i1;
      p1[v5] = p0[v5] - result0;
    }
  }
}
