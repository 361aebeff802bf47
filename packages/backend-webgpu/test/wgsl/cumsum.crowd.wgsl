// scan cumsum
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read_write> p1: array<f32>;
@group(0) @binding(2) var<storage, read_write> scratch: array<i32>;

// The same value, of which a compiler cannot know how it came about: see rounding.ts. The zero is set by `main`.
var<private> zero: u32;

fn rounded(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ zero);
}

fn combine0(left: f32, right: f32) -> f32 {
  return left + right;
}

var<workgroup> stretches: array<f32, 64>;

@compute @workgroup_size(64)
fn totals(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let v0 = 5000u;
  let v1 = (v0 + 511u) / 512u;
  let v2 = v1 * 3u;
  if (group >= v2) { return; }
  let i0 = i32((group / v1));
  let begin = group % v1 * 512u + lane * 8u;
  var stretch = rounded(0.0);
  let v3 = i0 * 5000;
  for (var position = begin; position < min(begin + 8u, v0); position++) {
    let i1 = i32(position);
    stretch = combine0(stretch, p0[v3 + i1]);
  }
  stretches[lane] = stretch;
  workgroupBarrier();
  for (var reach = 1u; reach < 64u; reach *= 2u) {
    var up_to_here = stretches[lane];
    if (lane >= reach) {
      up_to_here = combine0(stretches[lane - reach], up_to_here);
    }
    workgroupBarrier();
    stretches[lane] = up_to_here;
    workgroupBarrier();
  }
  if (lane == 63u) {
    scratch[0u * v2 + group] = bitcast<i32>(stretches[lane]);
  }
}

@compute @workgroup_size(64)
fn carries(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let point = group;
  if (point >= 3u) { return; }
  let i0 = i32(point);
  let v4 = 5000u;
  let v5 = (v4 + 511u) / 512u;
  let v6 = v5 * 3u;
  var carry = rounded(0.0);
  for (var first = 0u; first < v5; first += 64u) {
    let number = point * v5 + first + lane;
    var total = rounded(0.0);
    if (first + lane < v5) {
      total = bitcast<f32>(scratch[0u * v6 + number]);
    }
    stretches[lane] = total;
    workgroupBarrier();
    for (var reach = 1u; reach < 64u; reach *= 2u) {
      var up_to_here = stretches[lane];
      if (lane >= reach) {
        up_to_here = combine0(stretches[lane - reach], up_to_here);
      }
      workgroupBarrier();
      stretches[lane] = up_to_here;
      workgroupBarrier();
    }
    var before = carry;
    if (lane > 0u) {
      before = combine0(carry, stretches[lane - 1u]);
    }
    if (first + lane < v5) {
      scratch[0u * v6 + number] = bitcast<i32>(before);
    }
    carry = combine0(carry, stretches[63u]);
    workgroupBarrier();
  }
}

@compute @workgroup_size(64)
fn store(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let v7 = 5000u;
  let v8 = (v7 + 511u) / 512u;
  let v9 = v8 * 3u;
  if (group >= v9) { return; }
  let i0 = i32((group / v8));
  let begin = group % v8 * 512u + lane * 8u;
  var stretch = rounded(0.0);
  let v10 = i0 * 5000;
  for (var position = begin; position < min(begin + 8u, v7); position++) {
    let i1 = i32(position);
    stretch = combine0(stretch, p0[v10 + i1]);
  }
  stretches[lane] = stretch;
  workgroupBarrier();
  for (var reach = 1u; reach < 64u; reach *= 2u) {
    var up_to_here = stretches[lane];
    if (lane >= reach) {
      up_to_here = combine0(stretches[lane - reach], up_to_here);
    }
    workgroupBarrier();
    stretches[lane] = up_to_here;
    workgroupBarrier();
  }
  var running = rounded(0.0);
  if (v8 > 1u) {
    running = bitcast<f32>(scratch[0u * v9 + group]);
  }
  if (lane > 0u) {
    running = combine0(running, stretches[lane - 1u]);
  }
  for (var position = begin; position < min(begin + 8u, v7); position++) {
    let i1 = i32(position);
    running = combine0(running, p0[v10 + i1]);
    p1[v10 + i1] = running;
  }
}
