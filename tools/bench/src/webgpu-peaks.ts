/** What a device reaches at best. */
export interface Peaks {
  /** Floating operations in a second, of multiply-adds on registers. */
  readonly flops: number;
  /** Bytes in a second that a copy reads and writes. */
  readonly bytes: number;
}

/** The numbers of `GPUBufferUsage`, which is a global in browsers only. */
const usage = { copySource: 0x4, copyTarget: 0x8, storage: 0x80 } as const;

const [chains, size] = [8, 256];

/** Multiply-adds that do not wait for each other. */
const shader = (rounds: number): string => `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@compute @workgroup_size(${String(size)})
fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = vec4f(f32(id.x) * 1e-9 + 0.5);
${Array.from({ length: chains }, (_, i) => `  var a${String(i)} = x + ${String(i)}.0;`).join("\n")}
  for (var i = 0; i < ${String(rounds)}; i++) {
${Array.from({ length: chains }, (_, i) => `    a${String(i)} = fma(a${String(i)}, x, x);`).join("\n")}
  }
  let sum = ${Array.from({ length: chains }, (_, i) => `a${String(i)}`).join(" + ")};
  if (sum.x + sum.y + sum.z + sum.w == 12345.678) { result[0] = 1.0; }
}`;

/** Measures both, for about a second each. */
export async function measurePeaks(device: GPUDevice, small: boolean): Promise<Peaks> {
  const [rounds, groups, bytes] = small ? [100, 64, 2 ** 24] : [1000, 4096, 2 ** 28];
  const result = device.createBuffer({ size: 4, usage: usage.storage });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code: shader(rounds) }), entryPoint: "main" } });
  const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries: [{ binding: 0, resource: { buffer: result } }] });
  const [from, to] = [0, 1].map(() => device.createBuffer({ size: bytes, usage: usage.copySource | usage.copyTarget })) as [GPUBuffer, GPUBuffer];

  /** Seconds of the fastest of some rounds. */
  const best = async (encode: (encoder: GPUCommandEncoder) => void): Promise<number> => {
    let least = Infinity;
    for (let i = 0; i < 10; i++) {
      const encoder = device.createCommandEncoder();
      encode(encoder);
      const begin = performance.now();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
      least = Math.min(least, (performance.now() - begin) / 1000);
    }
    return least;
  };
  const computing = await best((encoder) => {
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(groups);
    pass.end();
  });
  const copying = await best((encoder) => encoder.copyBufferToBuffer(from, 0, to, 0, bytes));
  for (const buffer of [result, from, to]) buffer.destroy();
  // Each multiply-add of four components is eight operations.
  return { flops: (8 * chains * rounds * groups * size) / computing, bytes: (2 * bytes) / copying };
}
