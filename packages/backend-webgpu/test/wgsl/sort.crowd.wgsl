// sort sort
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read_write> p1: array<f32>;
@group(0) @binding(2) var<uniform> scalars: Scalars;
@group(0) @binding(3) var<storage, read_write> scratch: array<i32>;

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// An integer that orders floats as their values do: equal for -0 and 0, beyond the infinities for NaN.
fn float_order(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  let magnitude = bits & 0x7fffffff;
  return select(magnitude, -magnitude, bits < 0);
}

struct Scalars {
  guards: u32,
  round: u32,
}

// NaN is larger than every number, and all NaNs are alike.
fn sort_rank(key: i32) -> i32 {
  let value = bitcast<f32>(key);
  return select(float_order(value), 0x7fffffff, is_nan(value));
}

var<workgroup> run_keys: array<i32, 1024>;

var<workgroup> run_places: array<i32, 1024>;

// Where the element at `own` of `count`, which begin at `base`, comes to stand when runs of `width` are merged.
fn merge_in_run(own: u32, base: u32, count: u32, width: u32) -> u32 {
  let first = own / (2u * width) * (2u * width);
  let middle = min(first + width, count);
  let is_left = own < middle;
  var low = select(first, middle, is_left);
  var high = select(middle, min(first + 2u * width, count), is_left);
  let rank = sort_rank(run_keys[base + own]);
  while (low < high) {
    let probe = (low + high) / 2u;
    let other = sort_rank(run_keys[base + probe]);
    if (other > rank || (other == rank && !is_left)) {
      low = probe + 1u;
    } else {
      high = probe;
    }
  }
  return own + low - middle;
}

// Where the element at `own` of `count`, which begin at `base`, comes to stand when runs of `width` are merged.
fn merge_rows(own: u32, base: u32, count: u32, width: u32) -> u32 {
  let first = own / (2u * width) * (2u * width);
  let middle = min(first + width, count);
  let is_left = own < middle;
  var low = select(first, middle, is_left);
  var high = select(middle, min(first + 2u * width, count), is_left);
  let rank = sort_rank(scratch[base + own]);
  while (low < high) {
    let probe = (low + high) / 2u;
    let other = sort_rank(scratch[base + probe]);
    if (other > rank || (other == rank && !is_left)) {
      low = probe + 1u;
    } else {
      high = probe;
    }
  }
  return own + low - middle;
}

@compute @workgroup_size(64)
fn sort_runs(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = id.x + id.y * groups.x;
  let v0 = 200u;
  let v1 = 100u;
  let v2 = (v1 + 511u) / 512u;
  let v3 = group / v2;
  if (v3 >= 2u) { return; }
  let i0 = i32(v3);
  let first = group % v2 * 512u;
  let count = min(512u, v1 - first);
  let v4 = i0 * 100;
  for (var own = lane; own < count; own += 64u) {
    let i1 = i32((first + own));
    run_keys[own] = bitcast<i32>(p0[v4 + i1]);
    run_places[own] = i32(first + own);
  }
  workgroupBarrier();
  var area = 0u;
  for (var width = 1u; width < count; width *= 2u) {
    for (var own = lane; own < count; own += 64u) {
      let to = 512u - area + merge_in_run(own, area, count, width);
      run_keys[to] = run_keys[area + own];
      run_places[to] = run_places[area + own];
    }
    area = 512u - area;
    workgroupBarrier();
  }
  for (var own = lane; own < count; own += 64u) {
    let to = v3 * v1 + first + own;
    scratch[to] = run_keys[area + own];
    scratch[v0 + to] = run_places[area + own];
  }
}

@compute @workgroup_size(64)
fn merge_runs(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = id.x + id.y * groups.x;
  let point = group * 64u + lane;
  if (point >= 200u) { return; }
  let i1 = i32(point % 100u);
  let rest_i1 = point / 100u;
  let i0 = i32(rest_i1);
  let v5 = 200u;
  let v6 = 100u;
  let own = point % v6;
  let source = scalars.round % 2u * 2u * v5 + point - own;
  let target_row = (1u - scalars.round % 2u) * 2u * v5 + point - own;
  let to = target_row + merge_rows(own, source, v6, 512u << scalars.round);
  scratch[to] = scratch[source + own];
  scratch[v5 + to] = scratch[v5 + source + own];
}

@compute @workgroup_size(64)
fn store(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = id.x + id.y * groups.x;
  let point = group * 64u + lane;
  if (point >= 200u) { return; }
  let i1 = i32(point % 100u);
  let rest_i1 = point / 100u;
  let i0 = i32(rest_i1);
  let v7 = 200u;
  let v8 = 100u;
  var keys = 0u;
  for (var width = 512u; width < v8; width *= 2u) { keys = 2u * v7 - keys; }
  let key = bitcast<f32>(scratch[keys + point]);
  let place = scratch[keys + v7 + point];
  p1[(i0 * 100) + i1] = key;
}
