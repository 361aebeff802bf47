// sort sort
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read_write> p1: array<f32>;
@group(0) @binding(2) var<storage, read_write> scratch: array<i32>;

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// An integer that orders floats as their values do: equal for -0 and 0, beyond the infinities for NaN.
fn float_order(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  let magnitude = bits & 0x7fffffff;
  return select(magnitude, -magnitude, bits < 0);
}

// NaN is larger than every number, and all NaNs are alike.
fn sort_rank(key: i32) -> i32 {
  let value = bitcast<f32>(key);
  return select(float_order(value), 0x7fffffff, is_nan(value));
}

// Sorts the places that stand after the keys; returns where the sorted ones begin.
fn merge_sort(keys: i32, count: i32) -> i32 {
  var runs = keys + count;
  var merged = keys + 2 * count;
  for (var width = 1; width < count; width *= 2) {
    for (var low = 0; low < count; low += 2 * width) {
      let middle = min(low + width, count);
      let high = min(low + 2 * width, count);
      var left = low;
      var right = middle;
      for (var next = low; next < high; next++) {
        var take_right = left == middle;
        if (left < middle && right < high) {
          let left_rank = sort_rank(scratch[keys + scratch[runs + left]]);
          take_right = sort_rank(scratch[keys + scratch[runs + right]]) > left_rank;
        }
        scratch[merged + next] = scratch[runs + select(left, right, take_right)];
        left += select(1, 0, take_right);
        right += select(0, 1, take_right);
      }
    }
    let swapped = runs;
    runs = merged;
    merged = swapped;
  }
  return runs;
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let group = id.x + id.y * groups.x;
  let point = group * 64u + lane;
  if (point >= 2u) { return; }
  let i0 = i32(point);
  let count = 100;
  let keys = i32(point) * count * 3;
  let v0 = i0 * 100;
  for (var i1 = 0; i1 < 100; i1++) {
    scratch[keys + i1] = bitcast<i32>(p0[v0 + i1]);
    scratch[keys + count + i1] = i1;
  }
  let order = merge_sort(keys, count);
  for (var rank = 0; rank < count; rank++) {
    let place = scratch[order + rank];
    let key = bitcast<f32>(scratch[keys + place]);
    p1[v0 + rank] = key;
  }
}
