// scatter index_add
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read> p1: array<i32>;
@group(0) @binding(2) var<storage, read_write> p2: array<f32>;
@group(0) @binding(3) var<uniform> scalars: Scalars;
@group(0) @binding(4) var<storage, read_write> failed: atomic<u32>;
@group(0) @binding(5) var<storage, read_write> scratch: array<i32>;

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
  round: u32,
}

// The first failure is kept.
fn fail(guard: u32) {
  if (atomicLoad(&failed) == 0u) { atomicStore(&failed, scalars.guards + guard); }
}

fn sort_rank(key: i32) -> i32 {
  return key;
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
    if (other < rank || (other == rank && !is_left)) {
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
    if (other < rank || (other == rank && !is_left)) {
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
  let v0 = 20u;
  let v1 = 20u;
  let v2 = (v1 + 511u) / 512u;
  let v3 = group / v2;
  if (v3 >= 1u) { return; }
  let first = group % v2 * 512u;
  let count = min(512u, v1 - first);
  let v4 = 0 * 7;
  for (var own = lane; own < count; own += 64u) {
    let i1 = i32((first + own));
    run_keys[own] = (v4 + p1[i1]);
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
  if (point >= 20u) { return; }
  let i1 = i32(point);
  let v5 = 20u;
  let v6 = 20u;
  let own = point % v6;
  let source = scalars.round % 2u * 2u * v5 + point - own;
  let target_row = (1u - scalars.round % 2u) * 2u * v5 + point - own;
  let to = target_row + merge_rows(own, source, v6, 512u << scalars.round);
  scratch[to] = scratch[source + own];
  scratch[v5 + to] = scratch[v5 + source + own];
}

@compute @workgroup_size(64)
fn apply(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = id.x + id.y * groups.x;
  let point = group * 64u + lane;
  if (point >= 100u) { return; }
  let rank_1 = i32(point % 20u);
  let rest_rank_1 = point / 20u;
  let i0 = i32(rest_rank_1);
  let v7 = 20u;
  let v8 = 20u;
  var keys = 0u;
  for (var width = 512u; width < v8; width *= 2u) { keys = 2u * v7 - keys; }
  let v9 = 20u;
  let rank = point % v9;
  let sorted = keys;
  let key = scratch[sorted + rank];
  if (rank > 0u) {
    if (scratch[sorted + rank - 1u] == key) { return; }
  }
  let v12 = i0 * 7;
  let v14 = i0 * 20;
  for (var next = rank; next < v9; next++) {
    if (scratch[sorted + next] != key) { break; }
    let i1 = i32(u32(scratch[v7 + sorted + next]));
    let v10 = p1[i1];
    let v11 = (0 <= v10) & (v10 < 7);
    if (!v11) { fail(0u); }
    let v13 = v12 + v10;
    let v15 = p0[v14 + i1];
    if (v11) {
      let v16 = v13;
      let v17 = v15;
      p2[v16] = round_bfloat16(p2[v16] + v17);
    }
  }
}
