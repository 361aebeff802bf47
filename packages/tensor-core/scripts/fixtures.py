"""What PyTorch gives, for the tests of tensor-core: writes test/fixtures/*.jsonl.gz.

Run with a Python that has PyTorch: python3 packages/tensor-core/scripts/fixtures.py

Every line is one case. A tensor is {"dtype", "shape", "data"}; data is in row-major order, with the strings "nan", "inf" and "-inf".
"""

import gzip
import json
import math
import random
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F

FOLDER = Path(__file__).parent.parent / "test" / "fixtures"
DTYPES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]
dtype_of = {name: getattr(torch, name) for name in DTYPES}


def name_of(dtype):
    return str(dtype).removeprefix("torch.")


def number(x):
    if isinstance(x, float):
        if math.isnan(x):
            return "nan"
        if math.isinf(x):
            return "inf" if x > 0 else "-inf"
    return x


def record(t):
    if t is None:
        return None
    # Derivatives that are zero everywhere have no memory of their own.
    t = torch.zeros_like(t) if torch._is_zerotensor(t) else t.detach()
    return {"dtype": name_of(t.dtype), "shape": list(t.shape), "data": [number(x) for x in t.reshape(-1).tolist()]}


def write(name, rows):
    FOLDER.mkdir(exist_ok=True)
    text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    # No time in the header, so that the same cases give the same file.
    (FOLDER / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(name, len(rows), "cases")


# ---------------------------------------------------------------------------------------------------------------------
# Ops: results, first derivatives, and for some second ones


def normal(*shape):
    """Numbers that float32 holds exactly, so that both precisions start from the same."""
    return torch.randn(shape, dtype=torch.float32).to(torch.float64)


def positive(*shape):
    return torch.rand(shape, dtype=torch.float32).to(torch.float64) + 0.25


def index(bound, *shape):
    return torch.randint(0, bound, shape)


def outputs_of(result):
    return [result] if isinstance(result, torch.Tensor) else [t for t in result]


def case(op, args, inputs, run):
    leaves = [x.clone().requires_grad_(x.is_floating_point()) for x in inputs]
    results = outputs_of(run(*leaves))
    row = {"op": op, "args": args, "inputs": [record(x) for x in inputs], "outputs": [record(y) for y in results]}
    differentiable = [y for y in results if y.requires_grad]
    if differentiable:
        cotangents = [normal(*y.shape) for y in differentiable]
        wanted = [x for x in leaves if x.requires_grad]
        grads = torch.autograd.grad(differentiable, wanted, cotangents, create_graph=True, allow_unused=True)
        row["cotangents"] = [record(c) for c in cotangents]
        row["grads"] = [record(g if g is not None else torch.zeros_like(x)) for g, x in zip(grads, wanted)]
        twice = [g for g in grads if g is not None and g.requires_grad]
        if twice:
            seconds = torch.autograd.grad([g.sum() for g in twice], wanted, allow_unused=True)
            row["seconds"] = [record(g if g is not None else torch.zeros_like(x)) for g, x in zip(seconds, wanted)]
    return row


def ops():
    torch.manual_seed(0)
    rows = []

    def add(op, args, inputs, run):
        rows.append(case(op, args, inputs, run))

    unary = {
        "neg": torch.neg, "abs": torch.abs, "square": torch.square, "reciprocal": torch.reciprocal, "exp": torch.exp, "sin": torch.sin,
        "cos": torch.cos, "tanh": torch.tanh, "erf": torch.erf, "relu": F.relu, "sigmoid": torch.sigmoid, "gelu": F.gelu, "silu": F.silu,
        "softplus": F.softplus, "sign": torch.sign, "floor": torch.floor, "ceil": torch.ceil, "round": torch.round, "trunc": torch.trunc,
    }
    for op, f in unary.items():
        add(op, {}, [normal(3, 5)], f)
    for op, f in {"sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "log": torch.log}.items():
        add(op, {}, [positive(3, 5)], f)
    add("leakyRelu", {"slope": 0.2}, [normal(7)], lambda x: F.leaky_relu(x, 0.2))

    binary = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum, "minimum": torch.minimum}
    for op, f in binary.items():
        for a, b in [((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 2)), ((4, 1, 2), (3, 1))]:
            add(op, {}, [normal(*a), normal(*b)], f)
    add("remainder", {}, [normal(4, 3) * 4, positive(3)], torch.remainder)
    add("remainder", {}, [normal(4, 3) * 4, -positive(3)], torch.remainder)
    add("pow", {}, [positive(2, 3), normal(3)], torch.pow)
    for exponent in [2, 0.5, 3, -1, 0, 1.5]:
        add("powScalar", {"exponent": exponent}, [positive(4)], lambda x, e=exponent: torch.pow(x, e))
    add("powScalar", {"exponent": 3}, [normal(4)], lambda x: torch.pow(x, 3))
    add("powBase", {"base": 2.5}, [normal(4)], lambda x: torch.pow(2.5, x))
    add("addAlpha", {"alpha": -0.5}, [normal(2, 3), normal(3)], lambda a, b: torch.add(a, b, alpha=-0.5))
    add("subAlpha", {"alpha": 3}, [normal(2, 3), normal(3)], lambda a, b: torch.sub(a, b, alpha=3))
    add("lerp", {"weight": 0.3}, [normal(2, 3), normal(3)], lambda a, b: torch.lerp(a, b, 0.3))
    add("lerpTensor", {}, [normal(2, 3), normal(2, 3), normal(3)], torch.lerp)
    add("clamp", {"min": -0.5, "max": 0.75}, [normal(9)], lambda x: torch.clamp(x, -0.5, 0.75))
    add("clamp", {"min": 0.1}, [normal(9)], lambda x: torch.clamp(x, min=0.1))
    add("clamp", {"max": 0.1}, [normal(9)], lambda x: torch.clamp(x, max=0.1))
    add("where", {}, [torch.tensor([[True, False, True]]), normal(2, 3), normal(2, 1)], torch.where)
    add("maskedFill", {"value": -2.5}, [normal(2, 3), torch.tensor([True, False, True])], lambda x, m: x.masked_fill(m, -2.5))
    # Ties share the gradient of maximum and amax; max along a dimension and maxPool2d choose one.
    ties = torch.tensor([[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]], dtype=torch.float64)
    add("maximum", {}, [ties, ties.flip(1)], torch.maximum)
    add("amax", {"dim": 1}, [ties], lambda x: torch.amax(x, 1))
    add("amin", {"dim": [0, 1]}, [ties], lambda x: torch.amin(x, (0, 1)))
    add("maxDim", {"dim": 1}, [ties], lambda x: tuple(torch.max(x, 1)))
    add("maxAll", {}, [ties], torch.max)

    for dim in [None, 0, 1, -1, [0, 2], [1, 2], [0, 1, 2]]:
        for keepdim in [False, True]:
            args = {"dim": dim, "keepdim": keepdim}
            dims = tuple(dim) if isinstance(dim, list) else dim
            every = (0, 1, 2) if dim is None else dims
            x = normal(2, 3, 4)
            add("sum", args, [x], lambda x: torch.sum(x, every, keepdim))
            add("mean", args, [x], lambda x: torch.mean(x, every, keepdim))
            add("amax", args, [x], lambda x: torch.amax(x, every, keepdim))
            add("amin", args, [x], lambda x: torch.amin(x, every, keepdim))
            add("logsumexp", {"dim": list(every) if isinstance(every, tuple) else every, "keepdim": keepdim}, [x], lambda x: torch.logsumexp(x, every, keepdim))
            for correction in [0, 1]:
                add("variance", {**args, "correction": correction}, [x], lambda x: torch.var(x, every, correction=correction, keepdim=keepdim))
                add("std", {**args, "correction": correction}, [x], lambda x: torch.std(x, every, correction=correction, keepdim=keepdim))
            if isinstance(dim, int):
                add("prod", args, [x], lambda x: torch.prod(x, dim, keepdim))
                add("maxDim", args, [x], lambda x: tuple(torch.max(x, dim, keepdim)))
                add("minDim", args, [x], lambda x: tuple(torch.min(x, dim, keepdim)))
                add("argmax", args, [x], lambda x: torch.argmax(x, dim, keepdim))
                add("argmin", args, [x], lambda x: torch.argmin(x, dim, keepdim))
    x = normal(3, 4)
    add("prod", {}, [x], torch.prod)
    zeros = x.clone()
    zeros[0, 1] = 0
    zeros[1, 0] = 0
    zeros[1, 3] = 0
    add("prod", {"dim": 1}, [zeros], lambda x: torch.prod(x, 1))
    add("argmax", {}, [x], torch.argmax)
    add("any", {"dim": 1}, [zeros], lambda x: torch.any(x, 1))
    add("all", {"dim": 0}, [zeros], lambda x: torch.all(x, 0))
    add("varMean", {"dim": 1}, [x], lambda x: torch.var_mean(x, 1))
    empty = torch.zeros(0, 3, dtype=torch.float64)
    add("sum", {"dim": 0}, [empty], lambda x: torch.sum(x, 0))
    add("mean", {"dim": 0}, [empty], lambda x: torch.mean(x, 0))
    add("prod", {"dim": 0}, [empty], lambda x: torch.prod(x, 0))
    add("variance", {"dim": 0}, [empty], lambda x: torch.var(x, 0))

    for dim in [0, 1, -1]:
        add("softmax", {"dim": dim}, [normal(3, 4)], lambda x: torch.softmax(x, dim))
        add("logSoftmax", {"dim": dim}, [normal(3, 4)], lambda x: torch.log_softmax(x, dim))
    huge = torch.tensor([[1e30, -1e30, 1e30], [0.0, -math.inf, 2.0], [1000.0, 999.0, -1000.0]], dtype=torch.float64)
    add("softmax", {"dim": 1}, [huge], lambda x: torch.softmax(x, 1))
    add("logSoftmax", {"dim": 1}, [huge], lambda x: torch.log_softmax(x, 1))
    # Of equal logits of 1e30, PyTorch gives each the whole gradient.
    add("logsumexp", {"dim": 1}, [huge[1:]], lambda x: torch.logsumexp(x, 1))

    for a, b in [((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 2, 3), (3, 4)), ((2, 3), (2, 3, 4)), ((2, 1, 2, 3), (3, 3, 2)), ((3,), (2, 3, 4)), ((2, 3, 4), (4,)), ((0, 3), (3, 2)), ((2, 0), (0, 3))]:
        add("matmul", {}, [normal(*a), normal(*b)], torch.matmul)
    add("linear", {}, [normal(2, 3, 4), normal(5, 4), normal(5)], F.linear)
    add("linear", {}, [normal(3, 4), normal(5, 4)], F.linear)

    convolutions = [
        ((2, 3, 5, 6), (4, 3, 3, 2), True, {}),
        ((1, 2, 7, 6), (3, 2, 3, 3), True, {"stride": 2, "padding": 1}),
        ((1, 2, 8, 8), (2, 2, 3, 2), False, {"stride": [1, 2], "padding": [2, 0], "dilation": [2, 3]}),
        ((2, 4, 5, 5), (6, 2, 2, 2), True, {"groups": 2}),
        ((1, 3, 5, 5), (3, 1, 3, 3), False, {"groups": 3, "padding": "same"}),
        ((3, 5, 5), (2, 3, 5, 5), True, {}),
        ((1, 1, 6, 6), (1, 1, 2, 2), False, {"stride": 3}),
    ]
    for x, w, bias, args in convolutions:
        add("conv2d", args, [normal(*x), normal(*w), *([normal(w[0])] if bias else [])], lambda x, w, b=None: F.conv2d(x, w, b, **args))
    add("conv1d", {"stride": 2, "padding": 2, "dilation": 2}, [normal(2, 3, 9), normal(4, 3, 3), normal(4)], lambda x, w, b: F.conv1d(x, w, b, stride=2, padding=2, dilation=2))

    pools = [(2, {}), (3, {"stride": 2, "padding": 1}), ([3, 2], {"stride": [2, 3], "ceilMode": True}), (2, {"stride": 1})]
    for kernel, args in pools:
        torch_args = {{"ceilMode": "ceil_mode"}.get(k, k): v for k, v in args.items()}
        add("maxPool2d", {"kernelSize": kernel, **args}, [normal(2, 2, 6, 7)], lambda x: F.max_pool2d(x, kernel, return_indices=True, **torch_args))
        for more in [{}, {"countIncludePad": False}, {"divisorOverride": 3}]:
            names = {"countIncludePad": "count_include_pad", "divisorOverride": "divisor_override"}
            own = {names[k]: v for k, v in more.items()}
            add("avgPool2d", {"kernelSize": kernel, **args, **more}, [normal(1, 2, 6, 7)], lambda x: F.avg_pool2d(x, kernel, **torch_args, **own))
    add("maxPool2d", {"kernelSize": 2, "dilation": 2, "stride": 1}, [normal(2, 5, 5)], lambda x: F.max_pool2d(x, 2, stride=1, dilation=2, return_indices=True))

    add("gather", {"dim": 1}, [normal(3, 4), index(4, 3, 2)], lambda x, i: torch.gather(x, 1, i))
    add("gather", {"dim": 0}, [normal(3, 4), index(3, 5, 3)], lambda x, i: torch.gather(x, 0, i))
    add("indexSelect", {"dim": 1}, [normal(3, 4), index(4, 6)], lambda x, i: torch.index_select(x, 1, i))
    add("indexAdd", {"dim": 0}, [normal(3, 4), index(3, 5), normal(5, 4)], lambda x, i, s: torch.index_add(x, 0, i, s))
    add("scatterAdd", {"dim": 1}, [normal(3, 4), index(4, 3, 6), normal(3, 6)], lambda x, i, s: torch.scatter_add(x, 1, i, s))
    add("scatter", {"dim": 0}, [normal(4, 3), torch.tensor([[0, 1, 2], [2, 3, 0]]), normal(2, 3)], lambda x, i, s: torch.scatter(x, 0, i, s))
    add("embedding", {}, [index(5, 2, 3), normal(5, 4)], F.embedding)

    add("cat", {"dim": 1}, [normal(2, 3), normal(2, 1), normal(2, 2)], lambda *xs: torch.cat(xs, 1))
    add("stack", {"dim": -1}, [normal(2, 3), normal(2, 3)], lambda *xs: torch.stack(xs, -1))
    for sizes in [[1, 2], [0, 1, 2, 0], [-1, 1, 1, -1]]:
        add("pad", {"padding": sizes, "value": 1.5}, [normal(3, 4)], lambda x: F.pad(x, sizes, value=1.5))

    for reduction in ["mean", "sum", "none"]:
        args = {"reduction": reduction}
        add("mseLoss", args, [normal(2, 3), normal(2, 3)], lambda x, y: F.mse_loss(x, y, reduction=reduction))
        add("l1Loss", args, [normal(2, 3), normal(2, 3)], lambda x, y: F.l1_loss(x, y, reduction=reduction))
        add("nllLoss", {**args, "ignoreIndex": 1}, [normal(5, 3), index(3, 5), positive(3)], lambda x, t, w: F.nll_loss(x, t, w.detach(), reduction=reduction, ignore_index=1))
        for smoothing in [0, 0.2]:
            add("crossEntropy", {**args, "labelSmoothing": smoothing}, [normal(5, 3), index(3, 5)], lambda x, t: F.cross_entropy(x, t, reduction=reduction, label_smoothing=smoothing))
            add("crossEntropy", {**args, "labelSmoothing": smoothing, "ignoreIndex": 2}, [normal(5, 3), index(3, 5), positive(3)], lambda x, t, w: F.cross_entropy(x, t, w.detach(), reduction=reduction, label_smoothing=smoothing, ignore_index=2))
            add("crossEntropy", {**args, "labelSmoothing": smoothing}, [normal(2, 3, 4), index(3, 2, 4)], lambda x, t: F.cross_entropy(x, t, reduction=reduction, label_smoothing=smoothing))
        add("crossEntropySoft", args, [normal(5, 3), positive(5, 3)], lambda x, t: F.cross_entropy(x, t, reduction=reduction))
        add("binaryCrossEntropy", args, [positive(4) * 0.7, positive(4) * 0.7], lambda x, y: F.binary_cross_entropy(x, y, reduction=reduction))
        add("binaryCrossEntropyWithLogits", args, [normal(4, 3) * 5, positive(4, 3), positive(3)], lambda x, y, p: F.binary_cross_entropy_with_logits(x, y, pos_weight=p.detach(), reduction=reduction))
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Special values, in float32 as PyTorch computes them


def specials():
    values = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 3.0, 1e-45, -1e-40, 1e-20, 88.0, 89.0, -103.0, -105.0, 1e10, 3e38, -3e38, math.inf, -math.inf, math.nan]
    x = torch.tensor(values, dtype=torch.float32)
    rows = []
    unary = {
        "neg": torch.neg, "abs": torch.abs, "sign": torch.sign, "square": torch.square, "reciprocal": torch.reciprocal, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt,
        "exp": torch.exp, "log": torch.log, "sin": torch.sin, "cos": torch.cos, "tanh": torch.tanh, "erf": torch.erf, "floor": torch.floor, "ceil": torch.ceil,
        "round": torch.round, "trunc": torch.trunc, "isnan": torch.isnan, "logicalNot": torch.logical_not, "relu": F.relu, "sigmoid": torch.sigmoid,
        "gelu": F.gelu, "silu": F.silu, "softplus": F.softplus,
    }
    for op, f in unary.items():
        leaf = x.clone().requires_grad_()
        y = f(leaf)
        row = {"op": op, "inputs": [record(x)], "outputs": [record(y)]}
        if y.requires_grad and op not in ["sin", "cos"]:
            (g,) = torch.autograd.grad(y.sum(), [leaf])
            row["grads"] = [record(g)]
        rows.append(row)
    a, b = x.repeat_interleave(len(values)), x.repeat(len(values))
    binary = {
        "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow, "remainder": torch.remainder, "maximum": torch.maximum, "minimum": torch.minimum,
        "eq": torch.eq, "ne": torch.ne, "lt": torch.lt, "le": torch.le, "gt": torch.gt, "ge": torch.ge, "logicalAnd": torch.logical_and, "logicalOr": torch.logical_or,
    }
    for op, f in binary.items():
        rows.append({"op": op, "inputs": [record(a), record(b)], "outputs": [record(f(a, b))]})
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Element types


def types():
    rows = []
    scalars = {"true": True, "2": 2, "2.5": 2.5}

    def result(run):
        try:
            return name_of(run().dtype)
        except RuntimeError:
            return None

    for a in DTYPES:
        for b in DTYPES:
            x, y = torch.ones(2, dtype=dtype_of[a]), torch.ones(2, dtype=dtype_of[b])
            ops = {op: result(lambda: f(x, y)) for op, f in {"add": torch.add, "mul": torch.mul, "div": torch.div, "maximum": torch.maximum, "lt": torch.lt, "cat": lambda p, q: torch.cat([p, q]), "where": lambda p, q: torch.where(torch.tensor([True, False]), p, q), "addInPlace": lambda p, q: p.clone().add_(q), "divInPlace": lambda p, q: p.clone().div_(q)}.items()}
            rows.append({"a": a, "b": b, "ops": ops})
        unary = {"exp": torch.exp, "neg": torch.neg, "abs": torch.abs, "sqrt": torch.sqrt, "floor": torch.floor, "sum": torch.sum, "prod": torch.prod, "mean": torch.mean, "relu": F.relu, "sigmoid": torch.sigmoid, "argmax": torch.argmax, "amax": torch.amax, "eq": lambda t: t == t, "logicalNot": torch.logical_not}
        x = torch.ones(2, dtype=dtype_of[a])
        rows.append({
            "a": a, "unary": {op: result(lambda: f(x)) for op, f in unary.items()},
            "numbers": {key: {op: result(lambda: f(x, value)) for op, f in {"add": torch.add, "mul": torch.mul, "div": torch.div}.items()} for key, value in scalars.items()},
        })
    # Conversions, where they are defined: in the range of the target.
    for a in DTYPES:
        for b in DTYPES:
            source = dtype_of[a]
            values = [0, 1, 2, 3, 100]
            if source.is_floating_point:
                values += [0.25, 1.5, 2.75, 99.9]
            if a not in ["uint8", "bool"] and b != "uint8":
                values += [-1, -2, -100]
                if source.is_floating_point:
                    values += [-0.5, -1.75]
            if source.is_floating_point and dtype_of[b].is_floating_point:
                values += [1e-3, 65504.0, 65520.0, 1 / 3, -0.0, math.inf, -math.inf, math.nan, 6e-8, 1.0009765625]
            x = torch.tensor(values).to(source)
            rows.append({"from": record(x), "to": record(x.to(dtype_of[b]))})
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Views: geometry after any chain of view ops


def random_view(dice, t):
    """One view op that fits: its name, its arguments, and the result."""
    rank = t.dim()
    choice = dice.choice(["permute", "transpose", "expand", "squeeze", "unsqueeze", "select", "narrow", "slice", "view", "flatten", "T"])
    try:
        if choice == "permute":
            order = dice.sample(range(rank), rank)
            return choice, [order], t.permute(order)
        if choice == "transpose" and rank > 0:
            a, b = dice.randrange(-rank, rank), dice.randrange(-rank, rank)
            return choice, [a, b], t.transpose(a, b)
        if choice == "expand":
            sizes = [dice.choice([-1, dice.randint(1, 3)]) if s == 1 else dice.choice([-1, s]) for s in t.shape]
            sizes = [dice.randint(1, 2)] * dice.randint(0, 1) + sizes
            if len(sizes) > 5:
                return None
            return choice, [sizes], t.expand(sizes)
        if choice == "squeeze":
            if rank > 0 and dice.random() < 0.5:
                d = dice.randrange(-rank, rank)
                return choice, [d], t.squeeze(d)
            return choice, [], t.squeeze()
        if choice == "unsqueeze" and rank < 5:
            d = dice.randrange(-rank - 1, rank + 1)
            return choice, [d], t.unsqueeze(d)
        if choice == "select" and rank > 0:
            d = dice.randrange(rank)
            if t.shape[d] == 0:
                return None
            i = dice.randrange(-t.shape[d], t.shape[d])
            return choice, [d, i], t.select(d, i)
        if choice == "narrow" and rank > 0:
            d = dice.randrange(-rank, rank)
            start = dice.randint(0, t.shape[d])
            length = dice.randint(0, t.shape[d] - start) if dice.random() < 0.2 else dice.randint(min(1, t.shape[d] - start), t.shape[d] - start)
            return choice, [d, start, length], t.narrow(d, start, length)
        if choice == "slice" and rank > 0:
            d = dice.randrange(rank)
            start, end, step = dice.choice([None, dice.randint(-4, 4)]), dice.choice([None, dice.randint(-3, 6)]), dice.randint(1, 3)
            return choice, [d, start, end, step], t[(slice(None),) * d + (slice(start, end, step),)]
        if choice == "view" and t.numel() > 0:
            sizes = list(t.shape)
            dice.shuffle(sizes)
            if len(sizes) > 1 and dice.random() < 0.6:
                sizes = [sizes[0] * sizes[1], *sizes[2:]]
            if sizes and dice.random() < 0.4:
                sizes[dice.randrange(len(sizes))] = -1
            return choice, [sizes], t.view(sizes)
        if choice == "flatten" and rank > 0:
            a = dice.randrange(rank)
            b = dice.randrange(a, rank)
            result = t.flatten(a, b)
            if result.data_ptr() != t.data_ptr() or result.numel() == 0:
                return None
            return choice, [a, b], result
        if choice == "T" and rank == 2:
            return choice, [], t.T
    except RuntimeError:
        return None
    return None


def views():
    dice = random.Random(1)
    rows = []
    while len(rows) < 400:
        shape = [dice.choice([1, 2, 3, 4, 6]) for _ in range(dice.randint(1, 4))]
        t = torch.arange(math.prod(shape), dtype=torch.int64).reshape(shape)
        steps = []
        for _ in range(dice.randint(1, 6)):
            made = random_view(dice, t)
            if made is None:
                continue
            op, args, t = made
            steps.append({"op": op, "args": args, "shape": list(t.shape), "stride": list(t.stride()), "offset": t.storage_offset(), "contiguous": t.is_contiguous()})
        if steps:
            rows.append({"shape": shape, "steps": steps, "values": t.reshape(-1).tolist(), "copied": list(t.contiguous().stride())})
    return rows


# ---------------------------------------------------------------------------------------------------------------------
# Programs of views and in-place ops: gradients, or the phase in which PyTorch raises


def statement(dice, names):
    kind = dice.random()
    source = dice.choice(names)
    if kind < 0.4:
        op = dice.choice(["select", "narrow", "t", "view", "detach", "expand"])
        return {"kind": "view", "op": op, "source": source}
    if kind < 0.7:
        op = dice.choice(["add_", "mul_", "sub_", "copy_", "fill_", "exp_", "neg_", "zero_", "tanh_"])
        other = dice.choice([*names, 2.0, -0.5])
        return {"kind": "in-place", "op": op, "target": source, "other": other}
    op = dice.choice(["add", "mul", "exp", "sin", "tanh", "sum", "clone"])
    return {"kind": "op", "op": op, "source": source, "other": dice.choice(names)}


def run_statement(s, env):
    if s["kind"] == "view":
        x = env[s["source"]]
        if s["op"] == "select":
            return x.select(0, -1) if x.dim() > 0 else x.view(x.shape)
        if s["op"] == "narrow":
            return x.narrow(x.dim() - 1, 1, x.shape[-1] - 1) if x.dim() > 0 and x.shape[-1] > 1 else x.view(x.shape)
        if s["op"] == "t":
            return x.t() if x.dim() == 2 else x.view(x.shape)
        if s["op"] == "view":
            return x.view(-1)
        if s["op"] == "expand":
            return x.expand(2, *x.shape)
        return x.detach()
    if s["kind"] == "in-place":
        x = env[s["target"]]
        other = s["other"]
        value = env[other] if isinstance(other, str) else other
        if s["op"] in ["exp_", "neg_", "zero_", "tanh_"]:
            getattr(x, s["op"])()
        elif s["op"] == "fill_":
            x.fill_(value if isinstance(value, float) else 1.5)
        elif s["op"] == "copy_":
            x.copy_(value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64))
        else:
            getattr(x, s["op"])(value)
        return None
    x = env[s["source"]]
    if s["op"] in ["add", "mul"]:
        return getattr(x, s["op"])(env[s["other"]])
    return getattr(x, s["op"])()


def in_place():
    dice = random.Random(2)
    rows = []
    kinds = {"ok": 0, "forward": 0, "backward": 0}
    wanted = {"ok": 300, "forward": 60, "backward": 100}
    while any(kinds[k] < wanted[k] for k in kinds):
        torch.manual_seed(len(rows))
        leaves = {"p": normal(2, 3) * 0.5, "q": normal(3) * 0.5}
        env = {name: value.clone().requires_grad_() for name, value in leaves.items()}
        own = dict(env)
        env["a"] = env["p"] * 1.0
        env["b"] = env["q"].clone()
        env["c"] = normal(2, 3)
        leaves["c"] = env["c"].clone()
        statements = []
        failed = None
        for i in range(dice.randint(2, 7)):
            s = statement(dice, list(env))
            try:
                made = run_statement(s, env)
            except RuntimeError as error:
                # Shapes that do not fit are another matter.
                if "size" in str(error) or "shape" in str(error) or "broadcast" in str(error) or "dimension" in str(error) or "view size" in str(error):
                    if "leaf" not in str(error) and "single memory location" not in str(error):
                        continue
                failed = {"phase": "forward", "message": str(error).split("\n")[0]}
                statements.append(s)
                break
            if made is not None:
                s["result"] = f"v{i}"
                env[s["result"]] = made
            statements.append(s)
        row = {"inputs": {k: record(v) for k, v in leaves.items()}, "statements": statements}
        if failed is None:
            total = sum((x * (j + 1) * 0.25).sum() for j, x in enumerate(env.values()))
            row["values"] = {k: record(v) for k, v in env.items()}
            try:
                grads = torch.autograd.grad(total, [own["p"], own["q"]], allow_unused=True)
                row["grads"] = [record(g if g is not None else torch.zeros_like(x)) for g, x in zip(grads, own.values())]
            except RuntimeError as error:
                failed = {"phase": "backward", "message": str(error).split("\n")[0]}
        kind = "ok" if failed is None else failed["phase"]
        if kinds[kind] >= wanted[kind]:
            continue
        kinds[kind] += 1
        if failed is not None:
            row["error"] = failed
        rows.append(row)
    return rows


warnings.simplefilter("ignore")
torch.set_default_dtype(torch.float64)
write("ops.jsonl.gz", ops())
torch.set_default_dtype(torch.float32)
write("specials.jsonl.gz", specials())
write("types.jsonl.gz", types())
write("views.jsonl.gz", views())
torch.set_default_dtype(torch.float64)
write("in-place.jsonl.gz", in_place())
