// kernel argmax
@group(0) @binding(0) var<storage, read> p0: array<f32>;
@group(0) @binding(1) var<storage, read_write> p1: array<i32>;

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

fn float_le(x: f32, y: f32) -> bool {
  return comparable(x) <= comparable(y) && !is_nan(x) && !is_nan(y);
}

struct Tuple0 {
  v0: f32,
  v1: i32,
}

fn combine0(left: Tuple0, right: Tuple0) -> Tuple0 {
  let v0 = float_le(right.v0, left.v0);
  return Tuple0(select(right.v0, left.v0, v0), select(right.v1, left.v1, v0));
}

var<workgroup> parts0: array<Tuple0, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let point = group;
  if (point >= 12u) { return; }
  let i1 = i32(point % 4u);
  let rest_i1 = point / 4u;
  let i0 = i32(rest_i1);
  let v1 = u32((10 + 511) / 512);
  let v2 = 1u;
  var total0 = Tuple0(rounded(float_of_bits(0xff800000u)), -1);
  let v3 = i0 * 40;
  for (var first = 0u; first < v2 * v1; first += 64u) {
    let part = first + lane;
    var partial0 = Tuple0(rounded(float_of_bits(0xff800000u)), -1);
    if (part < v2 * v1) {
      let begin = i32(part % v1) * 512;
      for (var step = begin; step < min(begin + 512, 10); step++) {
        let i2 = step;
        partial0 = combine0(partial0, Tuple0(p0[(v3 + (i2 * 4)) + i1], i2));
      }
    }
    parts0[lane] = partial0;
    workgroupBarrier();
    if (lane < 1u) {
      for (var other = 0u; other < min(64u, v2 * v1 - first); other++) {
        total0 = combine0(total0, parts0[other * 1u + lane]);
      }
    }
    workgroupBarrier();
  }
  parts0[lane] = total0;
  workgroupBarrier();
  let result0 = parts0[0u];
  let v4 = (i0 * 4) + i1;
  let v5 = result0.v1;
  if (lane == 0u) {
    p1[v4] = v5;
  }
}
