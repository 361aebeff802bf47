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
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let point = group * 64u + lane;
  if (point >= 24u) { return; }
  let i2 = i32(point % 3u) * 4;
  let rest_i2 = point / 3u;
  let i1 = i32(rest_i2 % 1u) * 4;
  let rest_i1 = rest_i2 / 1u;
  let i0 = i32(rest_i1);
  var sum0 = rounded(0.0);
  var sum1 = rounded(0.0);
  var sum2 = rounded(0.0);
  var sum3 = rounded(0.0);
  var sum4 = rounded(0.0);
  var sum5 = rounded(0.0);
  var sum6 = rounded(0.0);
  var sum7 = rounded(0.0);
  var sum8 = rounded(0.0);
  var sum9 = rounded(0.0);
  var sum10 = rounded(0.0);
  var sum11 = rounded(0.0);
  var sum12 = rounded(0.0);
  var sum13 = rounded(0.0);
  var sum14 = rounded(0.0);
  var sum15 = rounded(0.0);
  let v0 = i0 * 60;
  let v2 = (-2) + (i2 * 2);
  let v4 = (-2) + ((i2 + 1) * 2);
  let v6 = (-2) + ((i2 + 2) * 2);
  let v8 = (-2) + ((i2 + 3) * 2);
  let v10 = i1 * 15;
  let v13 = (i1 + 1) * 15;
  let v15 = (i1 + 2) * 15;
  let v17 = (i1 + 3) * 15;
  for (var i3 = 0; i3 < 3; i3++) {
    let v1 = v0 + (i3 * 20);
    let v11 = i3 * 5;
    let v12 = v10 + v11;
    let v14 = v13 + v11;
    let v16 = v15 + v11;
    let v18 = v17 + v11;
    for (var i4 = 0; i4 < 5; i4++) {
      let v3 = v2 + i4;
      let v5 = v4 + i4;
      let v7 = v6 + i4;
      let v9 = v8 + i4;
      let v19 = select(0.0, p0[v1 + v3], (0 <= v3) & (v3 < 20));
      let v20 = select(0.0, p0[v1 + v5], (0 <= v5) & (v5 < 20));
      let v21 = select(0.0, p0[v1 + v7], (0 <= v7) & (v7 < 20));
      let v22 = select(0.0, p0[v1 + v9], (0 <= v9) & (v9 < 20));
      let v23 = p1[v12 + i4];
      let v24 = p1[v14 + i4];
      let v25 = p1[v16 + i4];
      let v26 = p1[v18 + i4];
      sum0 = sum0 + (v19 * v23);
      sum1 = sum1 + (v19 * v24);
      sum2 = sum2 + (v19 * v25);
      sum3 = sum3 + (v19 * v26);
      sum4 = sum4 + (v20 * v23);
      sum5 = sum5 + (v20 * v24);
      sum6 = sum6 + (v20 * v25);
      sum7 = sum7 + (v20 * v26);
      sum8 = sum8 + (v21 * v23);
      sum9 = sum9 + (v21 * v24);
      sum10 = sum10 + (v21 * v25);
      sum11 = sum11 + (v21 * v26);
      sum12 = sum12 + (v22 * v23);
      sum13 = sum13 + (v22 * v24);
      sum14 = sum14 + (v22 * v25);
      sum15 = sum15 + (v22 * v26);
    }
  }
  let v27 = ((i0 * 40) + (i1 * 10)) + i2;
  let v28 = sum0 + p2[i1];
  if ((i2 < 10) & (i1 < 4)) {
    p3[v27] = v28;
  }
  let v29 = i1 + 1;
  let v30 = ((i0 * 40) + (v29 * 10)) + i2;
  let v31 = sum1 + p2[v29];
  if ((i2 < 10) & ((i1 + 1) < 4)) {
    p3[v30] = v31;
  }
  let v32 = i1 + 2;
  let v33 = ((i0 * 40) + (v32 * 10)) + i2;
  let v34 = sum2 + p2[v32];
  if ((i2 < 10) & ((i1 + 2) < 4)) {
    p3[v33] = v34;
  }
  let v35 = i1 + 3;
  let v36 = ((i0 * 40) + (v35 * 10)) + i2;
  let v37 = sum3 + p2[v35];
  if ((i2 < 10) & ((i1 + 3) < 4)) {
    p3[v36] = v37;
  }
  let v38 = ((i0 * 40) + (i1 * 10)) + (i2 + 1);
  let v39 = sum4 + p2[i1];
  if (((i2 + 1) < 10) & (i1 < 4)) {
    p3[v38] = v39;
  }
  let v40 = ((i0 * 40) + (v29 * 10)) + (i2 + 1);
  let v41 = sum5 + p2[v29];
  if (((i2 + 1) < 10) & (v29 < 4)) {
    p3[v40] = v41;
  }
  let v42 = ((i0 * 40) + (v32 * 10)) + (i2 + 1);
  let v43 = sum6 + p2[v32];
  if (((i2 + 1) < 10) & (v32 < 4)) {
    p3[v42] = v43;
  }
  let v44 = ((i0 * 40) + (v35 * 10)) + (i2 + 1);
  let v45 = sum7 + p2[v35];
  if (((i2 + 1) < 10) & (v35 < 4)) {
    p3[v44] = v45;
  }
  let v46 = ((i0 * 40) + (i1 * 10)) + (i2 + 2);
  let v47 = sum8 + p2[i1];
  if (((i2 + 2) < 10) & (i1 < 4)) {
    p3[v46] = v47;
  }
  let v48 = ((i0 * 40) + (v29 * 10)) + (i2 + 2);
  let v49 = sum9 + p2[v29];
  if (((i2 + 2) < 10) & (v29 < 4)) {
    p3[v48] = v49;
  }
  let v50 = ((i0 * 40) + (v32 * 10)) + (i2 + 2);
  let v51 = sum10 + p2[v32];
  if (((i2 + 2) < 10) & (v32 < 4)) {
    p3[v50] = v51;
  }
  let v52 = ((i0 * 40) + (v35 * 10)) + (i2 + 2);
  let v53 = sum11 + p2[v35];
  if (((i2 + 2) < 10) & (v35 < 4)) {
    p3[v52] = v53;
  }
  let v54 = ((i0 * 40) + (i1 * 10)) + (i2 + 3);
  let v55 = sum12 + p2[i1];
  if (((i2 + 3) < 10) & (i1 < 4)) {
    p3[v54] = v55;
  }
  let v56 = ((i0 * 40) + (v29 * 10)) + (i2 + 3);
  let v57 = sum13 + p2[v29];
  if (((i2 + 3) < 10) & (v29 < 4)) {
    p3[v56] = v57;
  }
  let v58 = ((i0 * 40) + (v32 * 10)) + (i2 + 3);
  let v59 = sum14 + p2[v32];
  if (((i2 + 3) < 10) & (v32 < 4)) {
    p3[v58] = v59;
  }
  let v60 = ((i0 * 40) + (v35 * 10)) + (i2 + 3);
  let v61 = sum15 + p2[v35];
  if (((i2 + 3) < 10) & (v35 < 4)) {
    p3[v60] = v61;
  }
}
