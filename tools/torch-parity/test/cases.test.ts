import { cpu } from "@gradus/backend-cpu";
import { setDefaultDevice } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import { casesOf, expected, expRecord, float32, outcomes, run } from "./support.js";

setDefaultDevice(cpu());

/** A record of each kind that agrees with PyTorch. */
const right = [
  expRecord,
  {
    ...expRecord, id: "max", fn: "torch.max", method: "max", inplace: undefined, args: [{ $t: 0 }], kwargs: { dim: 0 },
    out: { $tuple: [{ $o: 0 }, { $o: 1 }] },
    outs: [expected([1], { shape: [] }), { dtype: "int64", shape: [], data: [0] }],
    cot: [float32([2], { shape: [] }), null], grads: [{ dtype: "float64", shape: [2], data: [2, 0] }], cot2: undefined, grads2: undefined,
  },
  { id: "error", kind: "error", tier: "core", group: "linear", fn: "torch.matmul", tensors: [float32([1, 2]), float32([1, 2, 3])], args: [{ $t: 0 }, { $t: 1 }], kwargs: {} },
  {
    id: "captured", kind: "captured", test: "test_torch.Test.test_add", fn: "torch.Tensor.add_", tensors: [float32([1, 2]), float32([3, 4])], args: [{ $t: 0 }, { $t: 1 }], kwargs: { alpha: { $f: 2 } },
    out: { $o: 0 }, outs: [float32([7, 10])], mutated: { 0: float32([7, 10]) },
  },
  { id: "captured error", kind: "captured_error", test: "test_torch.Test.test_view", fn: "torch.Tensor.view", tensors: [float32([1, 2])], args: [{ $t: 0 }, 3], kwargs: {} },
  {
    id: "promotion", kind: "promotion", a: "int32", b: "float32", dim_dim: "float32", dim_0d: "float32", "0d_dim": "float32", "0d_0d": "float32", promote_types: "float32", can_cast_a_to_b: true,
    ops: { add: "float32", eq: "bool", add_: { error: "RuntimeError", message: "can't be cast" } },
  },
  { id: "promotion_unary", kind: "promotion_unary", a: "int32", ops: { exp: "float32", neg: "int32" }, scalar: { "add int 2": "int32", "add float 2.0": "float32", "add float 2.5": "float32" } },
  {
    id: "rng", kind: "rng", seed: 0,
    steps: [
      { call: { fn: "torch.rand", args: [{ $tuple: [2] }], kwargs: {} }, out: { $o: 0 }, outs: [float32([0.4962566, 0.7682218])] },
      { call: { inplace: "normal_", on: { zeros: [1], dtype: "float32" }, args: [], kwargs: {} }, out: { $o: 0 }, outs: [float32([-0.29050925])] },
    ],
  },
];

const plainFloat = (data: readonly number[], shape: readonly number[] = [data.length]): object => ({ dtype: "float64", shape, data });
const zerosOf = (...shape: number[]): object => float32(new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0), { shape });

/** One of each kind that is about modules, optimizers and training; the numbers follow from closed forms. */
const training = [
  {
    id: "module", kind: "module", cls: "Linear", ctor_args: [2, 1], ctor_kwargs: { bias: true }, ctor_tensors: [], training: true,
    state: [["weight", float32([2, 3], { shape: [1, 2] })], ["bias", float32([1])]], params: ["weight", "bias"],
    tensors: [float32([4, 5], { shape: [1, 2], requires_grad: true })], args: [], kwargs: { input: { $t: 0 } },
    out: { $o: 0 }, outs: [expected([24], { shape: [1, 1] })], cot: [float32([2], { shape: [1, 1] })],
    grads: [plainFloat([4, 6], [1, 2])], param_grads: { weight: plainFloat([8, 10], [1, 2]), bias: plainFloat([2]) },
  },
  {
    id: "nested module", kind: "module", cls: "Sequential", ctor_args: [{ $module: { cls: "BatchNorm1d", args: [1], kwargs: { momentum: null } } }], ctor_kwargs: {}, ctor_tensors: [], training: true,
    state: [["0.weight", float32([1])], ["0.bias", float32([0])], ["0.running_mean", float32([0])], ["0.running_var", float32([1])], ["0.num_batches_tracked", { dtype: "int64", shape: [], data: [0] }]],
    params: ["0.weight", "0.bias"], tensors: [float32([1, 3], { shape: [2, 1] })], args: [{ $t: 0 }], kwargs: {},
    out: { $o: 0 }, outs: [expected([-0.999995, 0.999995], { shape: [2, 1] })],
    state_after: [["0.running_mean", float32([2])], ["0.running_var", float32([2])], ["0.num_batches_tracked", { dtype: "int64", shape: [], data: [1] }]],
  },
  { id: "rng_module", kind: "rng_module", seed: 0, cls: "BatchNorm1d", args: [1], kwargs: { track_running_stats: false }, state: [["weight", float32([1])], ["bias", float32([0])]], next_rand: float32([0.4962566, 0.7682218, 0.08847743]) },
  { id: "rng_module_sums", kind: "rng_module_sums", seed: 0, arch: "Sequential(Flatten,ReLU)", first5: [], sums64: [], next_rand: float32([0.4962566, 0.7682218, 0.08847743]) },
  {
    id: "optim", kind: "optim", cls: "SGD", kwargs: { lr: { $f: 0.5 } }, groups: [{}, { lr: { $f: 0.25 } }], group_params: [[0], [1]],
    params: [float32([1]), float32([1])], grads: [[float32([1]), null]], after: [[plainFloat([0.5]), plainFloat([1])]],
    final_state_dict: { state: { 0: { momentum_buffer: null } }, param_groups: [{ lr: { $f: 0.5 }, momentum: 0, params: [0] }, { lr: { $f: 0.25 }, params: [1] }] },
  },
  {
    id: "optim_closure", kind: "optim_closure", cls: "LBFGS", kwargs: {}, problem: "quadratic", A: float32([1], { shape: [1, 1] }), b: float32([1]), x0: float32([1]),
    step_loss: [-0.5], closure_calls: [1], after: [plainFloat([1])],
  },
  { id: "optim_error", kind: "optim_error", cls: "Adam", kwargs: { lr: -1 } },
  { id: "clip_grad_norm", kind: "clip_grad_norm", grads: [float32([3]), null, float32([4])], max_norm: 1, norm_type: 2, total_norm: 5, after: [plainFloat([0.6]), null, plainFloat([0.8])] },
  { id: "clip_grad_value", kind: "clip_grad_value", grads: [float32([3, -4])], clip_value: 3.5, after: [float32([3, -3.5])] },
  {
    id: "lr_scheduler", kind: "lr_scheduler", optimizer: { cls: "SGD", groups: [{ lr: { $f: 1 } }] },
    schedulers: [{ cls: "LambdaLR", kwargs: { lr_lambda: { $fn_table: [1, 0.5] } } }, { cls: "ChainedScheduler", kwargs: { schedulers: [{ $sched: 0 }] } }],
    step: [1], mode: "step", mode_data: null, trace: [{ lr: [1] }, { lr: [0.5] }],
  },
  {
    id: "trace", kind: "trace", model: "MLP", model_kwargs: { i: 1, h: 1, o: 2 }, steps: 1, loss: "cross_entropy(model(x), y), mean",
    init: [["fc1.weight", zerosOf(1, 1)], ["fc1.bias", zerosOf(1)], ["fc2.weight", zerosOf(1, 1)], ["fc2.bias", zerosOf(1)], ["fc3.weight", zerosOf(2, 1)], ["fc3.bias", zerosOf(2)]],
    batches: [[float32([1], { shape: [1, 1] }), { dtype: "int64", shape: [1], data: [0] }]], optimizer: { cls: "SGD", kwargs: { lr: 0.1 } }, scheduler: null, clip_grad_norm: null,
    lr: [0.1], loss_float64: [Math.LN2], grad_norm_float64: [Math.SQRT1_2], max_rel_drift_float32: 0, final_float32_maxdiff: 0, final_float64: [["fc3.bias", plainFloat([0.05, -0.05])]],
  },
];

/** The same record with one number of what is expected changed: every place in turn. */
function* changed(value: unknown, path: string): Generator<readonly [path: string, value: unknown]> {
  if (typeof value === "number") yield [path, value + (value === 0 ? 1 : value * 1e-3)];
  else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      for (const [at, replaced] of changed(inner, `${path}.${key}`)) yield [at, Array.isArray(value) ? value.map((item: unknown, i) => (String(i) === key ? replaced : item)) : { ...value, [key]: replaced }];
    }
  }
}

describe("records of modules and training", () => {
  it("pass where they agree", async () => {
    expect(await outcomes(training)).toEqual(Object.fromEntries(training.map(({ id }) => [id, "passed"])));
  });

  it("fail where anything that is expected is another", async () => {
    const parts: Readonly<Record<string, readonly string[]>> = {
      module: ["outs", "grads", "param_grads"], "nested module": ["outs", "state_after"], rng_module: ["state", "next_rand"], rng_module_sums: ["next_rand"],
      optim: ["after", "final_state_dict"], optim_closure: ["step_loss", "closure_calls", "after"], clip_grad_norm: ["total_norm", "after"], clip_grad_value: ["after"],
      lr_scheduler: ["trace"], trace: ["lr", "loss_float64", "grad_norm_float64", "final_float64"],
    };
    const wrong = training.flatMap((record) =>
      (parts[record.id] ?? []).flatMap((part) =>
        // Shapes and parameter numbers are not what is compared.
        [...changed((record as unknown as Record<string, unknown>)[part], part)].filter(([path]) => !/shape|params/.test(path)).map(([path, value]) => ({ ...record, id: `${record.id} ${path}`, [part]: value })),
      ),
    );
    const results = await outcomes(wrong);
    expect(Object.keys(results).length).toBeGreaterThan(25);
    for (const [id, result] of Object.entries(results)) expect(result, id).toMatch(/^failed: /);
    const renamed = { ...training[0], id: "renamed", params: ["bias", "weight"] };
    const accepted = { ...training[6], id: "accepted", kwargs: { lr: 1 } };
    const unknown = { ...training[2], id: "unknown", cls: "Telepathy" };
    expect(await outcomes([renamed, accepted, unknown])).toEqual({
      renamed: "failed: names of the parameters: expected [bias, weight], got [weight, bias]",
      accepted: "failed: expected an error, got none",
      unknown: "unsupported: torch.nn.Telepathy is not in the table",
    });
  });
});

describe("records that agree", () => {
  it("pass, whatever their kind", async () => {
    expect(await outcomes(right)).toEqual(Object.fromEntries(right.map(({ id }) => [id, "passed"])));
  });

  it("fail as soon as any expected number is another", async () => {
    const { outs, grads, grads2 } = expRecord;
    const variants = Object.entries({ outs, grads, grads2 }).flatMap(([part, value]) =>
      [...changed(value.map(({ data }) => data), part)].map(([path, data]) => ({
        ...expRecord, id: path, [part]: value.map((record, i) => ({ ...record, data: (data as number[][])[i] })),
      })),
    );
    const results = await outcomes(variants);
    expect(Object.keys(results)).toHaveLength(6);
    for (const [id, result] of Object.entries(results)) expect(result, id).toMatch(/^failed: (result|gradient|second gradient).*values: expected/);
  });
});

describe("records that do not agree", () => {
  it.each<[what: string, record: object, why: RegExp | string]>([
    ["a wrong value", { ...expRecord, tensors: [float32([1.001, -1])] }, /^failed: result: values: expected 2\.718\d*, got 2\.721\d* at element 0$/],
    ["a wrong type", { ...expRecord, outs: [{ ...expRecord.outs[0], out_dtype: "float64" }] }, "failed: result: dtype: expected float64, got float32"],
    ["a wrong shape", { ...expRecord, outs: [{ ...expRecord.outs[0], shape: [1, 2] }] }, "failed: result: shape: expected [1, 2], got [2]"],
    ["a wrong gradient", { ...expRecord, grads: [{ dtype: "float64", shape: [2], data: [1, 1] }] }, /^failed: gradient of input 0: values: expected 1, got 2\.718/],
    ["a gradient that should not be", { ...expRecord, grads: [null] }, "failed: gradient of input 0: expected none, got one"],
    ["a wrong second gradient", { ...expRecord, grads2: [{ dtype: "float64", shape: [2], data: [1, 1] }] }, /^failed: second gradient of input 0: values/],
    ["too few results", { ...expRecord, out: { $tuple: [{ $o: 0 }, { $o: 0 }] } }, /^failed: result: expected 2 results, got a float32 tensor/],
    ["a function that Gradus lacks", { ...expRecord, fn: "torch.fft.fft" }, "unsupported: fft.fft does not exist"],
    ["a function that is not in the table", { ...expRecord, fn: "torch.frobnicate" }, "unsupported: torch.frobnicate is not in the table"],
    ["a kind without a check", { id: "exp", kind: "hearsay" }, 'unsupported: no check for records of kind "hearsay"'],
    ["a call that is refused", { ...expRecord, tensors: [float32([1, -1], { requires_grad: true }), float32([1])], fn: "torch.matmul", args: [{ $t: 0 }, { $t: 1 }] }, /^failed: ShapeError: matmul/],
    ["an error that does not come", { id: "exp", kind: "error", tier: "core", group: "unary", fn: "torch.exp", tensors: [float32([1])], args: [{ $t: 0 }], kwargs: {} }, "failed: expected an error, got a float32 tensor of shape [1]"],
    ["an error of JavaScript's own", { id: "exp", kind: "error", tier: "core", group: "unary", fn: "torch.sum", tensors: [], args: [1], kwargs: {} }, /^failed: expected an error of Gradus, got TypeError/],
    ["a tensor that was not written", { ...right[3], id: "exp", mutated: { 1: float32([0, 0]) } }, /^failed: input 1 afterwards: values/],
    ["a draw that is off by one bit", { id: "exp", kind: "rng", seed: 0, steps: [{ call: { fn: "torch.rand", args: [{ $tuple: [1] }], kwargs: {} }, out: { $o: 0 }, outs: [float32([0.49625662])] }] }, /^failed: result: values/],
    ["a promotion", { ...right[5], id: "exp", ops: { add: "float64" } }, "failed: add: expected float64, got float32"],
  ])("%s", async (_, record, why) => {
    const { exp } = await outcomes([record]);
    if (typeof why === "string") expect(exp).toBe(why);
    else expect(exp).toMatch(why);
  });
});

describe("what is counted", () => {
  const records = [expRecord, { ...expRecord, id: "wrong", outs: [expected([0, 0])] }, { ...expRecord, id: "missing", fn: "torch.fft.fft", group: "spectral" }];

  it("is counted by file and group, over all records", async () => {
    const report = await run(casesOf({ ops: records, more: [expRecord] }));
    expect(report.count).toEqual({ passed: 2, failed: 1, unsupported: 1 });
    expect(report.files["ops"]?.groups).toEqual({
      "core tier": { passed: 1, failed: 1, unsupported: 1 },
      unary: { passed: 1, failed: 1, unsupported: 0 },
      spectral: { passed: 0, failed: 0, unsupported: 1 },
    });
    expect(report.files["ops"]?.failures.map(({ id, fn, status }) => [id, fn, status])).toEqual([["wrong", "torch.exp", "failed"], ["missing", "torch.fft.fft", "unsupported"]]);
    expect(report.toString()).toMatch(/ops +3 +1 +1 +1 +33\.3 %[^]*\n2 passed, 1 failed, 1 unsupported$/);
  });

  it("lists the methods that a function has to do without", async () => {
    const report = await run(casesOf({ ops: [{ ...expRecord, fn: "torch.nn.functional.leaky_relu", method: "leaky_relu", inplace: undefined, outs: [expected([1, -0.01])], grads: undefined, grads2: undefined }] }));
    expect(report.count).toEqual({ passed: 1, failed: 0, unsupported: 0 });
    expect(report.files["ops"]?.lacking).toEqual({ leakyRelu: 1 });
    expect(report.toString()).toContain("Methods of PyTorch that Gradus offers as functions only: leakyRelu");
  });

  it("is only what was asked for", async () => {
    const directory = casesOf({ ops: records, more: [expRecord] });
    expect((await run(directory, { only: ["more.jsonl.gz"] })).count).toEqual({ passed: 1, failed: 0, unsupported: 0 });
    expect((await run(directory, { only: ["ops"], id: "wrong" })).count).toEqual({ passed: 0, failed: 1, unsupported: 0 });
    await expect(run(directory, { only: ["opps"] })).rejects.toThrow("--only: expected one of more, ops, got opps");
  });

  it("leaves out, and says so, what a device has no types for", async () => {
    const report = await run(casesOf({ ops: [expRecord, { ...expRecord, id: "half", tensors: [{ ...expRecord.tensors[0], dtype: "float16" }] }] }), { dtypes: ["float32"] });
    expect(report.count).toEqual({ passed: 1, failed: 0, unsupported: 0 });
    expect(report.toString()).toContain("1 records have element types that this device does not compute in");
  });
});

describe("orders of data", () => {
  // torch.randperm(5) under the seed 0 is [4, 0, 1, 3, 2]; a loader over two samples gives [1, 0].
  const split = { id: "split", kind: "rng_random_split", seed: 0, n: 5, lengths: [3, 2], parts: [[4, 0, 1], [3, 2]] };
  const loader = { id: "loader", kind: "rng_dataloader_generator", seed: 0, n: 2, batch_size: 2, epochs: [[[1, 0]]] };

  it("agree if the same samples stand in the same places", async () => {
    const found = await outcomes([split, loader, { ...split, id: "swapped", parts: [[0, 4, 1], [3, 2]] }, { ...loader, id: "other", epochs: [[[0], [1]]] }]);
    expect(found).toMatchObject({ split: "passed", loader: "passed", swapped: "failed: parts: expected [[0,4,1],[3,2]], got [[4,0,1],[3,2]]" });
    expect(found["other"]).toMatch(/^failed: epoch 0: expected \[\[0\],\[1\]\], got \[\[/);
  });
});
