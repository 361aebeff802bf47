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

var<workgroup> left_tile: array<vec4<f32>, 272>;

var<workgroup> right_tile: array<vec4<f32>, 272>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let v0 = 80u;
  let v1 = 4u;
  let v2 = 15u;
  let v3 = (v0 + 63u) / 64u;
  let v4 = (v1 + 63u) / 64u;
  if (group >= v3 * v4) { return; }
  let first_column = group % v4 * 64u;
  let first_row = group / v4 % v3 * 64u;
  let high = lane / 16u;
  let low = lane % 16u;
  let left_place = (first_row / 4u + high) * 4u;
  let left_place_x_2 = i32((left_place + 0u) % 10u);
  let rest_left_place_x_2 = (left_place + 0u) / 10u;
  let left_place_x_0 = i32(rest_left_place_x_2);
  let left_place_y_2 = i32((left_place + 1u) % 10u);
  let rest_left_place_y_2 = (left_place + 1u) / 10u;
  let left_place_y_0 = i32(rest_left_place_y_2);
  let left_place_z_2 = i32((left_place + 2u) % 10u);
  let rest_left_place_z_2 = (left_place + 2u) / 10u;
  let left_place_z_0 = i32(rest_left_place_z_2);
  let left_place_w_2 = i32((left_place + 3u) % 10u);
  let rest_left_place_w_2 = (left_place + 3u) / 10u;
  let left_place_w_0 = i32(rest_left_place_w_2);
  let right_place = (first_column / 4u + high) * 4u;
  let right_place_x_1 = i32((right_place + 0u));
  let right_place_y_1 = i32((right_place + 1u));
  let right_place_z_1 = i32((right_place + 2u));
  let right_place_w_1 = i32((right_place + 3u));
  var sum0 = vec4<f32>(rounded(0.0));
  var sum1 = vec4<f32>(rounded(0.0));
  var sum2 = vec4<f32>(rounded(0.0));
  var sum3 = vec4<f32>(rounded(0.0));
  let v5 = left_place_x_0 * 60;
  let v7 = (-2) + (left_place_x_2 * 2);
  let v9 = left_place_y_0 * 60;
  let v10 = (-2) + (left_place_y_2 * 2);
  let v12 = left_place_z_0 * 60;
  let v13 = (-2) + (left_place_z_2 * 2);
  let v15 = left_place_w_0 * 60;
  let v16 = (-2) + (left_place_w_2 * 2);
  let v18 = right_place_x_1 * 15;
  let v20 = right_place_y_1 * 15;
  let v21 = right_place_z_1 * 15;
  let v22 = right_place_w_1 * 15;
  for (var begin = 0u; begin < v2; begin += 16u) {
    let left_depth = begin + low;
    let left_depth_4 = i32(left_depth % 5u);
    let rest_left_depth_4 = left_depth / 5u;
    let left_depth_3 = i32(rest_left_depth_4);
    let v6 = left_depth_3 * 20;
    let v8 = v7 + left_depth_4;
    let v11 = v10 + left_depth_4;
    let v14 = v13 + left_depth_4;
    let v17 = v16 + left_depth_4;
    left_tile[low * 17u + high] = select(vec4<f32>(), vec4<f32>(select(0.0, p0[(v5 + v6) + v8], (0 <= v8) & (v8 < 20)), select(0.0, p0[(v9 + v6) + v11], (0 <= v11) & (v11 < 20)), select(0.0, p0[(v12 + v6) + v14], (0 <= v14) & (v14 < 20)), select(0.0, p0[(v15 + v6) + v17], (0 <= v17) & (v17 < 20))), left_depth < v2);
    let right_depth = begin + low;
    let right_depth_4 = i32(right_depth % 5u);
    let rest_right_depth_4 = right_depth / 5u;
    let right_depth_3 = i32(rest_right_depth_4);
    let v19 = right_depth_3 * 5;
    right_tile[low * 17u + high] = select(vec4<f32>(), vec4<f32>(p1[(v18 + v19) + right_depth_4], p1[(v20 + v19) + right_depth_4], p1[(v21 + v19) + right_depth_4], p1[(v22 + v19) + right_depth_4]), right_depth < v2);
    workgroupBarrier();
    for (var slice = 0u; slice < 272u; slice += 17u) {
      let left = left_tile[slice + high];
      let right = right_tile[slice + low];
      sum0 = sum0 + left.x * right;
      sum1 = sum1 + left.y * right;
      sum2 = sum2 + left.z * right;
      sum3 = sum3 + left.w * right;
    }
    workgroupBarrier();
  }
  let row = (first_row / 4u + high) * 4u;
  let row_x_2 = i32((row + 0u) % 10u);
  let rest_row_x_2 = (row + 0u) / 10u;
  let row_x_0 = i32(rest_row_x_2);
  let row_y_2 = i32((row + 1u) % 10u);
  let rest_row_y_2 = (row + 1u) / 10u;
  let row_y_0 = i32(rest_row_y_2);
  let row_z_2 = i32((row + 2u) % 10u);
  let rest_row_z_2 = (row + 2u) / 10u;
  let row_z_0 = i32(rest_row_z_2);
  let row_w_2 = i32((row + 3u) % 10u);
  let rest_row_w_2 = (row + 3u) / 10u;
  let row_w_0 = i32(rest_row_w_2);
  let column = (first_column / 4u + low) * 4u;
  let column_x_1 = i32((column + 0u));
  let column_y_1 = i32((column + 1u));
  let column_z_1 = i32((column + 2u));
  let column_w_1 = i32((column + 3u));
  let v23 = ((row_x_0 * 40) + (column_x_1 * 10)) + row_x_2;
  let v24 = sum0.x + p2[column_x_1];
  if (row + 0u < v0 && column + 0u < v1) {
    p3[v23] = v24;
  }
  let v25 = ((row_x_0 * 40) + (column_y_1 * 10)) + row_x_2;
  let v26 = sum0.y + p2[column_y_1];
  if (row + 0u < v0 && column + 1u < v1) {
    p3[v25] = v26;
  }
  let v27 = ((row_x_0 * 40) + (column_z_1 * 10)) + row_x_2;
  let v28 = sum0.z + p2[column_z_1];
  if (row + 0u < v0 && column + 2u < v1) {
    p3[v27] = v28;
  }
  let v29 = ((row_x_0 * 40) + (column_w_1 * 10)) + row_x_2;
  let v30 = sum0.w + p2[column_w_1];
  if (row + 0u < v0 && column + 3u < v1) {
    p3[v29] = v30;
  }
  let v31 = ((row_y_0 * 40) + (column_x_1 * 10)) + row_y_2;
  let v32 = sum1.x + p2[column_x_1];
  if (row + 1u < v0 && column + 0u < v1) {
    p3[v31] = v32;
  }
  let v33 = ((row_y_0 * 40) + (column_y_1 * 10)) + row_y_2;
  let v34 = sum1.y + p2[column_y_1];
  if (row + 1u < v0 && column + 1u < v1) {
    p3[v33] = v34;
  }
  let v35 = ((row_y_0 * 40) + (column_z_1 * 10)) + row_y_2;
  let v36 = sum1.z + p2[column_z_1];
  if (row + 1u < v0 && column + 2u < v1) {
    p3[v35] = v36;
  }
  let v37 = ((row_y_0 * 40) + (column_w_1 * 10)) + row_y_2;
  let v38 = sum1.w + p2[column_w_1];
  if (row + 1u < v0 && column + 3u < v1) {
    p3[v37] = v38;
  }
  let v39 = ((row_z_0 * 40) + (column_x_1 * 10)) + row_z_2;
  let v40 = sum2.x + p2[column_x_1];
  if (row + 2u < v0 && column + 0u < v1) {
    p3[v39] = v40;
  }
  let v41 = ((row_z_0 * 40) + (column_y_1 * 10)) + row_z_2;
  let v42 = sum2.y + p2[column_y_1];
  if (row + 2u < v0 && column + 1u < v1) {
    p3[v41] = v42;
  }
  let v43 = ((row_z_0 * 40) + (column_z_1 * 10)) + row_z_2;
  let v44 = sum2.z + p2[column_z_1];
  if (row + 2u < v0 && column + 2u < v1) {
    p3[v43] = v44;
  }
  let v45 = ((row_z_0 * 40) + (column_w_1 * 10)) + row_z_2;
  let v46 = sum2.w + p2[column_w_1];
  if (row + 2u < v0 && column + 3u < v1) {
    p3[v45] = v46;
  }
  let v47 = ((row_w_0 * 40) + (column_x_1 * 10)) + row_w_2;
  let v48 = sum3.x + p2[column_x_1];
  if (row + 3u < v0 && column + 0u < v1) {
    p3[v47] = v48;
  }
  let v49 = ((row_w_0 * 40) + (column_y_1 * 10)) + row_w_2;
  let v50 = sum3.y + p2[column_y_1];
  if (row + 3u < v0 && column + 1u < v1) {
    p3[v49] = v50;
  }
  let v51 = ((row_w_0 * 40) + (column_z_1 * 10)) + row_w_2;
  let v52 = sum3.z + p2[column_z_1];
  if (row + 3u < v0 && column + 2u < v1) {
    p3[v51] = v52;
  }
  let v53 = ((row_w_0 * 40) + (column_w_1 * 10)) + row_w_2;
  let v54 = sum3.w + p2[column_w_1];
  if (row + 3u < v0 && column + 3u < v1) {
    p3[v53] = v54;
  }
}
