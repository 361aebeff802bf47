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

var<workgroup> parts: array<f32, 1024>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  zero = groups.z - 1u;
  let group = id.x + id.y * groups.x;
  let point = group;
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
  let v12 = (i1 + 1) * 15;
  let v13 = (i1 + 2) * 15;
  let v14 = (i1 + 3) * 15;
  for (var depth = lane; depth < 15u; depth += 64u) {
    let i4 = i32(depth % 5u);
    let rest_i4 = depth / 5u;
    let i3 = i32(rest_i4);
    let v1 = v0 + (i3 * 20);
    let v3 = v2 + i4;
    let v5 = v4 + i4;
    let v7 = v6 + i4;
    let v9 = v8 + i4;
    let v11 = i3 * 5;
    let v15 = select(0.0, p0[v1 + v3], (0 <= v3) & (v3 < 20));
    let v16 = select(0.0, p0[v1 + v5], (0 <= v5) & (v5 < 20));
    let v17 = select(0.0, p0[v1 + v7], (0 <= v7) & (v7 < 20));
    let v18 = select(0.0, p0[v1 + v9], (0 <= v9) & (v9 < 20));
    let v19 = p1[(v10 + v11) + i4];
    let v20 = p1[(v12 + v11) + i4];
    let v21 = p1[(v13 + v11) + i4];
    let v22 = p1[(v14 + v11) + i4];
    sum0 = sum0 + (v15 * v19);
    sum1 = sum1 + (v15 * v20);
    sum2 = sum2 + (v15 * v21);
    sum3 = sum3 + (v15 * v22);
    sum4 = sum4 + (v16 * v19);
    sum5 = sum5 + (v16 * v20);
    sum6 = sum6 + (v16 * v21);
    sum7 = sum7 + (v16 * v22);
    sum8 = sum8 + (v17 * v19);
    sum9 = sum9 + (v17 * v20);
    sum10 = sum10 + (v17 * v21);
    sum11 = sum11 + (v17 * v22);
    sum12 = sum12 + (v18 * v19);
    sum13 = sum13 + (v18 * v20);
    sum14 = sum14 + (v18 * v21);
    sum15 = sum15 + (v18 * v22);
  }
  parts[0u * 64u + lane] = sum0;
  parts[1u * 64u + lane] = sum1;
  parts[2u * 64u + lane] = sum2;
  parts[3u * 64u + lane] = sum3;
  parts[4u * 64u + lane] = sum4;
  parts[5u * 64u + lane] = sum5;
  parts[6u * 64u + lane] = sum6;
  parts[7u * 64u + lane] = sum7;
  parts[8u * 64u + lane] = sum8;
  parts[9u * 64u + lane] = sum9;
  parts[10u * 64u + lane] = sum10;
  parts[11u * 64u + lane] = sum11;
  parts[12u * 64u + lane] = sum12;
  parts[13u * 64u + lane] = sum13;
  parts[14u * 64u + lane] = sum14;
  parts[15u * 64u + lane] = sum15;
  workgroupBarrier();
  for (var half = 32u; half > 0u; half /= 2u) {
    if (lane < half) {
      parts[0u * 64u + lane] = parts[0u * 64u + lane] + parts[0u * 64u + lane + half];
      parts[1u * 64u + lane] = parts[1u * 64u + lane] + parts[1u * 64u + lane + half];
      parts[2u * 64u + lane] = parts[2u * 64u + lane] + parts[2u * 64u + lane + half];
      parts[3u * 64u + lane] = parts[3u * 64u + lane] + parts[3u * 64u + lane + half];
      parts[4u * 64u + lane] = parts[4u * 64u + lane] + parts[4u * 64u + lane + half];
      parts[5u * 64u + lane] = parts[5u * 64u + lane] + parts[5u * 64u + lane + half];
      parts[6u * 64u + lane] = parts[6u * 64u + lane] + parts[6u * 64u + lane + half];
      parts[7u * 64u + lane] = parts[7u * 64u + lane] + parts[7u * 64u + lane + half];
      parts[8u * 64u + lane] = parts[8u * 64u + lane] + parts[8u * 64u + lane + half];
      parts[9u * 64u + lane] = parts[9u * 64u + lane] + parts[9u * 64u + lane + half];
      parts[10u * 64u + lane] = parts[10u * 64u + lane] + parts[10u * 64u + lane + half];
      parts[11u * 64u + lane] = parts[11u * 64u + lane] + parts[11u * 64u + lane + half];
      parts[12u * 64u + lane] = parts[12u * 64u + lane] + parts[12u * 64u + lane + half];
      parts[13u * 64u + lane] = parts[13u * 64u + lane] + parts[13u * 64u + lane + half];
      parts[14u * 64u + lane] = parts[14u * 64u + lane] + parts[14u * 64u + lane + half];
      parts[15u * 64u + lane] = parts[15u * 64u + lane] + parts[15u * 64u + lane + half];
    }
    workgroupBarrier();
  }
  let v23 = (i2 < 10) & (i1 < 4);
  let v24 = ((i0 * 40) + (i1 * 10)) + i2;
  let v25 = p2[i1];
  let v27 = (i2 < 10) & ((i1 + 1) < 4);
  let v28 = i1 + 1;
  let v29 = ((i0 * 40) + (v28 * 10)) + i2;
  let v30 = p2[v28];
  let v32 = (i2 < 10) & ((i1 + 2) < 4);
  let v33 = i1 + 2;
  let v34 = ((i0 * 40) + (v33 * 10)) + i2;
  let v35 = p2[v33];
  let v37 = (i2 < 10) & ((i1 + 3) < 4);
  let v38 = i1 + 3;
  let v39 = ((i0 * 40) + (v38 * 10)) + i2;
  let v40 = p2[v38];
  let v42 = ((i2 + 1) < 10) & (i1 < 4);
  let v43 = ((i0 * 40) + (i1 * 10)) + (i2 + 1);
  let v45 = ((i2 + 1) < 10) & (v28 < 4);
  let v46 = ((i0 * 40) + (v28 * 10)) + (i2 + 1);
  let v48 = ((i2 + 1) < 10) & (v33 < 4);
  let v49 = ((i0 * 40) + (v33 * 10)) + (i2 + 1);
  let v51 = ((i2 + 1) < 10) & (v38 < 4);
  let v52 = ((i0 * 40) + (v38 * 10)) + (i2 + 1);
  let v54 = ((i2 + 2) < 10) & (i1 < 4);
  let v55 = ((i0 * 40) + (i1 * 10)) + (i2 + 2);
  let v57 = ((i2 + 2) < 10) & (v28 < 4);
  let v58 = ((i0 * 40) + (v28 * 10)) + (i2 + 2);
  let v60 = ((i2 + 2) < 10) & (v33 < 4);
  let v61 = ((i0 * 40) + (v33 * 10)) + (i2 + 2);
  let v63 = ((i2 + 2) < 10) & (v38 < 4);
  let v64 = ((i0 * 40) + (v38 * 10)) + (i2 + 2);
  let v66 = ((i2 + 3) < 10) & (i1 < 4);
  let v67 = ((i0 * 40) + (i1 * 10)) + (i2 + 3);
  let v69 = ((i2 + 3) < 10) & (v28 < 4);
  let v70 = ((i0 * 40) + (v28 * 10)) + (i2 + 3);
  let v72 = ((i2 + 3) < 10) & (v33 < 4);
  let v73 = ((i0 * 40) + (v33 * 10)) + (i2 + 3);
  let v75 = ((i2 + 3) < 10) & (v38 < 4);
  let v76 = ((i0 * 40) + (v38 * 10)) + (i2 + 3);
  if (lane == 0u) {
    let v26 = parts[0u * 64u + 0u] + v25;
    if (v23) {
      p3[v24] = v26;
    }
    let v31 = parts[1u * 64u + 0u] + v30;
    if (v27) {
      p3[v29] = v31;
    }
    let v36 = parts[2u * 64u + 0u] + v35;
    if (v32) {
      p3[v34] = v36;
    }
    let v41 = parts[3u * 64u + 0u] + v40;
    if (v37) {
      p3[v39] = v41;
    }
    let v44 = parts[4u * 64u + 0u] + v25;
    if (v42) {
      p3[v43] = v44;
    }
    let v47 = parts[5u * 64u + 0u] + v30;
    if (v45) {
      p3[v46] = v47;
    }
    let v50 = parts[6u * 64u + 0u] + v35;
    if (v48) {
      p3[v49] = v50;
    }
    let v53 = parts[7u * 64u + 0u] + v40;
    if (v51) {
      p3[v52] = v53;
    }
    let v56 = parts[8u * 64u + 0u] + v25;
    if (v54) {
      p3[v55] = v56;
    }
    let v59 = parts[9u * 64u + 0u] + v30;
    if (v57) {
      p3[v58] = v59;
    }
    let v62 = parts[10u * 64u + 0u] + v35;
    if (v60) {
      p3[v61] = v62;
    }
    let v65 = parts[11u * 64u + 0u] + v40;
    if (v63) {
      p3[v64] = v65;
    }
    let v68 = parts[12u * 64u + 0u] + v25;
    if (v66) {
      p3[v67] = v68;
    }
    let v71 = parts[13u * 64u + 0u] + v30;
    if (v69) {
      p3[v70] = v71;
    }
    let v74 = parts[14u * 64u + 0u] + v35;
    if (v72) {
      p3[v73] = v74;
    }
    let v77 = parts[15u * 64u + 0u] + v40;
    if (v75) {
      p3[v76] = v77;
    }
  }
}
