/**
 * The program for a setup, in TypeScript and in PyTorch: the same data, first weights and batches as in the room, so that its losses are the
 * room's. Tests run both.
 *
 * @module
 */
import {
  type ActivationName, batchesOf, type DatasetName, type FeatureName, type InitName, isRegression, type LossName, type OptimizerName, type RegularizationName,
  type ScheduleName, type Setup, trainCount, widthsOf,
} from "./setup.js";

type Both = readonly [typescript: string, python: string];

/** From two uniform numbers u, v, the place i and the count n of a sample to `[x1, x2, target]`. */
const datasetCode: Readonly<Record<DatasetName, { readonly code: Both; readonly consumes: boolean }>> = (() => {
  const region = (typescript: string, python: string) => ({ code: [`[2 * u - 1, 2 * v - 1, ${typescript} ? 1 : 0]`, `(2 * u - 1, 2 * v - 1, float(${python}))`] as Both, consumes: true });
  const drawn = (typescript: string, python: string) => ({ code: [typescript, python] as Both, consumes: true });
  return {
    Simple: region("u < 0.5", "u < 0.5"),
    Diag: region("u + v < 0.5", "u + v < 0.5"),
    Split: region("u < 0.2 || u > 0.8", "u < 0.2 or u > 0.8"),
    Xor: region("(u < 0.5 && v > 0.5) || (u > 0.5 && v < 0.5)", "(u < 0.5 and v > 0.5) or (u > 0.5 and v < 0.5)"),
    Circle: region("(u - 0.5) ** 2 + (v - 0.5) ** 2 > 0.1", "(u - 0.5) ** 2 + (v - 0.5) ** 2 > 0.1"),
    // Nothing is random about it, so it draws no numbers.
    Spiral: {
      consumes: false,
      code: [
        `(() => {
  const half = Math.floor(n / 2), second = i >= half, t = (10 * ((i % half) + 5)) / half;
  const [a, b] = [(t * Math.cos(t)) / 10, (t * Math.sin(t)) / 10];
  return second ? [b, -a, 1] : [a, b, 0];
})()`,
        `(lambda half: (lambda t: (t * math.sin(t) / 10, -t * math.cos(t) / 10, 1.0) if i >= half else (t * math.cos(t) / 10, t * math.sin(t) / 10, 0.0))(10 * (i % half + 5) / half))(n // 2)`,
      ],
    },
    tfCircle: drawn(
      "2 * i < n ? polar(0.42 * u, 2 * Math.PI * v, 1) : polar(0.58 + 0.25 * u, 2 * Math.PI * v, 0)",
      "polar(0.42 * u, 2 * math.pi * v, 1) if 2 * i < n else polar(0.58 + 0.25 * u, 2 * math.pi * v, 0)",
    ),
    tfXor: drawn(
      "[1.6 * u - (u < 0.5 ? 0.85 : 0.75), 1.6 * v - (v < 0.5 ? 0.85 : 0.75), u < 0.5 === v < 0.5 ? 1 : 0]",
      "(1.6 * u - (0.85 if u < 0.5 else 0.75), 1.6 * v - (0.85 if v < 0.5 else 0.75), float((u < 0.5) == (v < 0.5)))",
    ),
    tfGauss: drawn(
      `((r, c) => [c + r * Math.cos(2 * Math.PI * v), c + r * Math.sin(2 * Math.PI * v), c > 0 ? 1 : 0])(0.12 * Math.sqrt(-2 * Math.log(1 - u)), 2 * i < n ? 0.4 : -0.4)`,
      `(lambda r, c: (c + r * math.cos(2 * math.pi * v), c + r * math.sin(2 * math.pi * v), float(c > 0)))(0.12 * math.sqrt(-2 * math.log(1 - u)), 0.4 if 2 * i < n else -0.4)`,
    ),
    tfSpiral: drawn(
      `((t, second) => polar(0.85 * t + 0.02 * u, 3.5 * Math.PI * t + (second ? Math.PI : 0), second ? 0 : 1))((i % Math.ceil(n / 2)) / Math.ceil(n / 2), 2 * i >= n)`,
      `(lambda t, second: polar(0.85 * t + 0.02 * u, 3.5 * math.pi * t + (math.pi if second else 0), 0 if second else 1))((i % -(-n // 2)) / -(-n // 2), 2 * i >= n)`,
    ),
    plane: drawn("[2 * u - 1, 2 * v - 1, u + v - 1]", "(2 * u - 1, 2 * v - 1, u + v - 1)"),
    bumps: drawn(
      `[2 * u - 1, 2 * v - 1, [[-0.6, 0.4, 1], [0, 0.4, -1], [0.6, 0.4, 1], [-0.6, -0.4, -1], [0, -0.4, 1], [0.6, -0.4, -1]]
  .reduce((sum, [a, b, h]) => sum + h * Math.exp(-12 * ((2 * u - 1 - a) ** 2 + (2 * v - 1 - b) ** 2)), 0)]`,
      `(2 * u - 1, 2 * v - 1, sum(h * math.exp(-12 * ((2 * u - 1 - a) ** 2 + (2 * v - 1 - b) ** 2))
  for a, b, h in [(-0.6, 0.4, 1), (0, 0.4, -1), (0.6, 0.4, 1), (-0.6, -0.4, -1), (0, -0.4, 1), (0.6, -0.4, -1)]))`,
    ),
  };
})();

const featureCode: Readonly<Record<FeatureName, Both>> = {
  x1: ["x1", "x1"], x2: ["x2", "x2"], x1x1: ["x1 * x1", "x1 * x1"], x2x2: ["x2 * x2", "x2 * x2"], x1x2: ["x1 * x2", "x1 * x2"],
  sin1: ["Math.sin(Math.PI * x1)", "math.sin(math.pi * x1)"], sin2: ["Math.sin(Math.PI * x2)", "math.sin(math.pi * x2)"],
};

const activationCode: Readonly<Record<ActivationName, string>> = {
  relu: "ReLU", leakyRelu: "LeakyReLU", tanh: "Tanh", sigmoid: "Sigmoid", gelu: "GELU", silu: "SiLU", identity: "Identity",
};

const initCode: Readonly<Record<InitName, Both | null>> = {
  default: null,
  xavierUniform: ["init.xavierUniform_(layer.weight)", "nn.init.xavier_uniform_(layer.weight)"],
  xavierNormal: ["init.xavierNormal_(layer.weight)", "nn.init.xavier_normal_(layer.weight)"],
  kaimingUniform: ['init.kaimingUniform_(layer.weight, { nonlinearity: "relu" })', 'nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")'],
  kaimingNormal: ['init.kaimingNormal_(layer.weight, { nonlinearity: "relu" })', 'nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")'],
  wide: ["init.normal_(layer.weight, 0, 3)", "nn.init.normal_(layer.weight, 0, 3)"],
  zeros: ["init.zeros_(layer.weight)", "nn.init.zeros_(layer.weight)"],
};

const lossCode: Readonly<Record<LossName, { readonly layer: string; readonly squeeze: boolean; readonly sides: boolean; readonly classes: boolean }>> = {
  bce: { layer: "BCEWithLogitsLoss", squeeze: true, sides: false, classes: false },
  crossEntropy: { layer: "CrossEntropyLoss", squeeze: false, sides: false, classes: true },
  mse: { layer: "MSELoss", squeeze: true, sides: true, classes: false },
  l1: { layer: "L1Loss", squeeze: true, sides: true, classes: false },
};

const optimizerCode: Readonly<Record<OptimizerName, { readonly name: string; readonly options: Both }>> = {
  sgd: { name: "SGD", options: ["", ""] },
  momentum: { name: "SGD", options: [", momentum: 0.9", ", momentum=0.9"] },
  nesterov: { name: "SGD", options: [", momentum: 0.9, nesterov: true", ", momentum=0.9, nesterov=True"] },
  asgd: { name: "ASGD", options: ["", ""] },
  rprop: { name: "Rprop", options: ["", ""] },
  rmsprop: { name: "RMSprop", options: ["", ""] },
  adagrad: { name: "Adagrad", options: ["", ""] },
  adadelta: { name: "Adadelta", options: ["", ""] },
  adam: { name: "Adam", options: ["", ""] },
  adamw: { name: "AdamW", options: ["", ""] },
  adamax: { name: "Adamax", options: ["", ""] },
  nadam: { name: "NAdam", options: ["", ""] },
  radam: { name: "RAdam", options: ["", ""] },
};

const scheduleCode: Readonly<Record<ScheduleName, { readonly name: string; readonly options: Both } | null>> = {
  constant: null,
  step: { name: "StepLR", options: ["50, { gamma: 0.5 }", "50, gamma=0.5"] },
  exponential: { name: "ExponentialLR", options: ["0.99", "0.99"] },
  polynomial: { name: "PolynomialLR", options: ["{ totalIters: 200 }", "total_iters=200"] },
  cosine: { name: "CosineAnnealingLR", options: ["200", "200"] },
  restarts: { name: "CosineAnnealingWarmRestarts", options: ["50", "50"] },
  warmup: { name: "LinearLR", options: ["{ startFactor: 0.05, totalIters: 20 }", "start_factor=0.05, total_iters=20"] },
};

const penaltyCode: Readonly<Record<RegularizationName, Both | null>> = {
  none: null,
  l1: ["layer.weight.abs().sum()", "layer.weight.abs().sum()"],
  l2: ["layer.weight.square().sum().mul(0.5)", "layer.weight.square().sum() * 0.5"],
};

/** How many epochs the program runs. */
const EPOCHS = 100;

const lines = (...parts: readonly (string | false | null)[]): string => parts.filter((part): part is string => typeof part === "string").join("\n") + "\n";
const indent = (text: string, by: string): string => text.replaceAll("\n", `\n${by}`);

/** What the two programs have in common. `language` says which of two texts is meant. */
function facts(setup: Setup, language: 0 | 1) {
  const widths = widthsOf(setup);
  const { layer: loss, squeeze, sides, classes } = lossCode[setup.loss];
  const { name: optimizer, options } = optimizerCode[setup.optimizer];
  const penalty = setup.regularizationRate === 0 ? null : penaltyCode[setup.regularization];
  const { code, consumes } = datasetCode[setup.dataset];
  const schedule = scheduleCode[setup.schedule];
  const count = setup.dataset === "Spiral" ? 2 * Math.floor(setup.points / 2) : setup.points;
  const hidden = setup.layers.length;
  const perLayer = hidden === 0 ? [] : [...(setup.batchNorm ? ["BatchNorm1d"] : []), activationCode[setup.activation], ...(setup.dropout > 0 ? ["Dropout"] : [])];
  const prefix = ["new ", "nn."][language]!;
  return {
    squeeze, consumes, count, loss, classes, optimizer, perLayer,
    sample: code[language],
    optimizerOptions: options[language],
    start: initCode[setup.init]?.[language] ?? null,
    schedule: schedule === null ? null : { name: schedule.name, options: schedule.options[language] },
    penalty: penalty?.[language] ?? null,
    features: setup.features.map((name) => featureCode[name][language]).join(", "),
    modules: widths.slice(1).flatMap((width, i) => [
      `${prefix}Linear(${widths[i]!}, ${width})`,
      ...(i === hidden ? [] : perLayer.map((name) => `${prefix}${name}(${{ BatchNorm1d: String(width), Dropout: String(setup.dropout) }[name] ?? ""})`)),
    ]),
    target: sides && !isRegression(setup.dataset) ? "2 * samples[i][2] - 1" : "samples[i][2]",
    train: Math.min(trainCount(setup), count - 1),
    polar: /\bpolar\(/.test(code[0]),
    eachLayer: setup.init !== "default" || penalty !== null,
  };
}

export function typescriptCode(setup: Setup): string {
  const { squeeze, consumes, count, loss, classes, optimizer, perLayer, sample, optimizerOptions, start, schedule, penalty, features, modules, target, train, polar, eachLayer } = facts(setup, 0);
  const imports = [
    loss, optimizer, "Generator", "Linear", "manualSeed", "noGrad", "randn", "randperm", "Sequential", "tensor",
    ...perLayer, ...(start === null ? [] : ["init"]), ...(schedule === null ? [] : [schedule.name]),
  ];
  const outputs = (rows: string): string => `net.call(${rows})${squeeze ? ".squeeze(1)" : ""}`;
  return lines(
    `import { ${imports.sort((a, b) => a.localeCompare(b)).join(", ")} } from "gradus";`,
    "",
    `const n = ${count};`,
    `const generator = new Generator(${setup.seed});`,
    polar && "const polar = (r: number, angle: number, target: number) => [r * Math.sin(angle), r * Math.cos(angle), target];",
    consumes
      ? `const samples = Array.from({ length: n }, (_, i): number[] => {\n  const [u, v] = [generator.uniformDouble(), generator.uniformDouble()];\n  return ${indent(sample, "  ")};\n});`
      : `const samples = Array.from({ length: n }, (_, i): number[] => ${sample});`,
    `const noise = randn([${setup.points}, 2], { dtype: "float64", generator }).readSync();`,
    `const order = [...randperm(${setup.points}, { generator }).readSync()].map(Number).filter((i) => i < n);`,
    "const features = samples.map(([a, b], i) => {",
    `  const [x1, x2] = [a + ${setup.noise} * noise[2 * i], b + ${setup.noise} * noise[2 * i + 1]];`,
    `  return [${features}];`,
    "});",
    "const rows = (indices: number[]) => tensor(indices.map((i) => features[i]));",
    `const targets = (indices: number[]) => tensor(indices.map((i) => ${target}), { dtype: "${classes ? "int64" : "float32"}" });`,
    `const [train, test] = [order.slice(0, ${train}), order.slice(${train})];`,
    "",
    `manualSeed(${setup.seed});`,
    `const net = new Sequential(\n  ${modules.join(",\n  ")},\n);`,
    eachLayer && "const layers = net.modules().filter((module) => module instanceof Linear);",
    start !== null && `for (const layer of layers) {\n  ${start};\n  init.zeros_(layer.bias);\n}`,
    `const optimizer = new ${optimizer}(net.parameters(), { lr: ${setup.learningRate}${optimizerOptions} });`,
    `const lossOf = new ${loss}();`,
    schedule !== null && `const scheduler = new ${schedule.name}(optimizer, ${schedule.options});`,
    "const evaluate = (indices: number[]) => {",
    "  net.eval();",
    `  return noGrad(() => lossOf.call(${outputs("rows(indices)")}, targets(indices)).itemSync());`,
    "};",
    "",
    `for (let epoch = 0; epoch < ${EPOCHS}; epoch++) {`,
    "  const shuffled = [...generator.randperm(train.length)].map((i) => train[Number(i)]);",
    `  for (let batch = 0; batch < ${batchesOf(setup)}; batch++) {`,
    `    const indices = shuffled.slice(batch * ${setup.batchSize}, (batch + 1) * ${setup.batchSize});`,
    "    net.train();",
    "    optimizer.zeroGrad();",
    `    const loss = lossOf.call(${outputs("rows(indices)")}, targets(indices));`,
    penalty === null ? "    loss.backward();" : `    const penalty = layers.map((layer) => ${penalty}).reduce((a, b) => a.add(b)).mul(${setup.regularizationRate});\n    loss.add(penalty).backward();`,
    "    optimizer.step();",
    "  }",
    schedule !== null && "  scheduler.step();",
    "}",
    "console.log(`training loss ${evaluate(train)}, test loss ${evaluate(test)}`);",
  );
}

export function pythonCode(setup: Setup): string {
  const { squeeze, consumes, count, loss, classes, optimizer, sample, optimizerOptions, start, schedule, penalty, features, modules, target, train, polar, eachLayer } = facts(setup, 1);
  const outputs = (rows: string): string => `net(${rows})${squeeze ? ".squeeze(1)" : ""}`;
  return lines(
    "import math",
    "import torch",
    "from torch import nn",
    "",
    `n = ${count}`,
    `generator = torch.Generator().manual_seed(${setup.seed})`,
    polar && "polar = lambda r, angle, target: (r * math.sin(angle), r * math.cos(angle), float(target))",
    consumes && "uniform = torch.rand(n, 2, dtype=torch.float64, generator=generator).tolist()",
    consumes ? `samples = [${sample}\n           for i, (u, v) in enumerate(uniform)]` : `samples = [${sample}\n           for i in range(n)]`,
    `noise = torch.randn(${setup.points}, 2, dtype=torch.float64, generator=generator).tolist()`,
    `order = [i for i in torch.randperm(${setup.points}, generator=generator).tolist() if i < n]`,
    "def see(x1, x2):",
    `    return [${features}]`,
    `features = [see(a + ${setup.noise} * noise[i][0], b + ${setup.noise} * noise[i][1]) for i, (a, b, _) in enumerate(samples)]`,
    "rows = lambda indices: torch.tensor([features[i] for i in indices])",
    `targets = lambda indices: torch.tensor([${target} for i in indices], dtype=torch.${classes ? "int64" : "float32"})`,
    `train, test = order[:${train}], order[${train}:]`,
    "",
    `torch.manual_seed(${setup.seed})`,
    `net = nn.Sequential(\n    ${modules.join(",\n    ")},\n)`,
    eachLayer && "layers = [module for module in net if isinstance(module, nn.Linear)]",
    start !== null && `for layer in layers:\n    ${start}\n    nn.init.zeros_(layer.bias)`,
    `optimizer = torch.optim.${optimizer}(net.parameters(), lr=${setup.learningRate}${optimizerOptions})`,
    `loss_of = nn.${loss}()`,
    schedule !== null && `scheduler = torch.optim.lr_scheduler.${schedule.name}(optimizer, ${schedule.options})`,
    "def evaluate(indices):",
    "    net.eval()",
    "    with torch.no_grad():",
    `        return loss_of(${outputs("rows(indices)")}, targets(indices)).item()`,
    "",
    `for epoch in range(${EPOCHS}):`,
    "    shuffled = [train[i] for i in torch.randperm(len(train), generator=generator).tolist()]",
    `    for batch in range(${batchesOf(setup)}):`,
    `        indices = shuffled[batch * ${setup.batchSize}:(batch + 1) * ${setup.batchSize}]`,
    "        net.train()",
    "        optimizer.zero_grad()",
    `        loss = loss_of(${outputs("rows(indices)")}, targets(indices))`,
    penalty === null ? "        loss.backward()" : `        penalty = ${setup.regularizationRate} * sum(${penalty} for layer in layers)\n        (loss + penalty).backward()`,
    "        optimizer.step()",
    schedule !== null && "    scheduler.step()",
    'print(f"training loss {evaluate(train)}, test loss {evaluate(test)}")',
  );
}
