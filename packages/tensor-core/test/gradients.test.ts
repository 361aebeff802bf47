import { readdirSync, readFileSync } from "node:fs";
import type { TensorFunction } from "@gradus/tensor-core";
import * as g from "@gradus/tensor-core";
import { Generator, gradcheck, gradgradcheck, tensor, type Tensor } from "@gradus/tensor-core";
import { describe, expect, it } from "vitest";
import * as elementwiseOps from "../src/elementwise-ops.js";
import { indices, leaf, positiveLeaf } from "./support/data.js";
import { useDevice } from "./support/device.js";

useDevice();

/** A function, and the leaves at which its first and second derivatives are compared with differences. */
type Case = readonly [f: TensorFunction, inputs: () => readonly Tensor[], only?: "first order, as in PyTorch"];

/** Every op that has a derivative of its own, apart from the elementwise ones, whose table backend-conformance runs through. */
const cases: Record<string, Record<string, Case>> = {
  "one tensor as every argument": {
    pow: [(x) => x.pow(x), () => [positiveLeaf([2, 3])]],
    "div and mul": [(x) => x.div(x).add(x.mul(x)), () => [positiveLeaf([2, 3])]],
    atan2: [(x) => g.atan2(x, x).mul(x), () => [positiveLeaf([2, 3])]],
  },
  views: {
    view: [(x) => x.view(3, 4).square(), () => [leaf([2, 6])]],
    "reshape that copies": [(x) => x.t().reshape(-1).square(), () => [leaf([2, 3])]],
    permute: [(x) => x.permute(2, 0, 1).mul(x.permute(2, 0, 1).sin()), () => [leaf([2, 3, 2])]],
    transpose: [(x) => x.transpose(0, -1).exp(), () => [leaf([2, 3])]],
    T: [(x) => x.T.exp(), () => [leaf([2, 3])]],
    expand: [(x) => x.expand(4, 2, 3).mul(leaf([4, 2, 3], 5)).square(), () => [leaf([2, 1])]],
    "expand, new dimensions": [(x) => x.expand(2, 3).square(), () => [leaf([])]],
    squeeze: [(x) => x.squeeze(1).square(), () => [leaf([2, 1, 3])]],
    unsqueeze: [(x) => x.unsqueeze(-1).square(), () => [leaf([2, 3])]],
    flatten: [(x) => x.flatten(1).square(), () => [leaf([2, 3, 2])]],
    select: [(x) => x.select(1, -1).square(), () => [leaf([2, 3])]],
    narrow: [(x) => x.narrow(1, 1, 2).square(), () => [leaf([2, 4])]],
    "slice with a step": [(x) => x.slice(0, 1, null, 2).square(), () => [leaf([6, 2])]],
    "asStrided, overlapping": [(x) => x.asStrided([3, 3], [1, 2]).square(), () => [leaf([7])]],
    "asStrided of a permuted tensor": [(x) => x.t().asStrided([2, 2], [1, 2], 1).square(), () => [leaf([2, 3])]],
    "unfolded windows": [(x) => x.asStrided([4, 3], [1, 1]).prod({ dim: 1 }), () => [leaf([6])]],
    split: [(x) => x.split(2, 1).map((part) => part.exp()), () => [leaf([2, 5])]],
    chunk: [(x) => x.chunk(2)[1]!.exp(), () => [leaf([5, 2])]],
    unbind: [(x) => x.unbind(1).map((part) => part.exp()), () => [leaf([2, 3])]],
    contiguous: [(x) => x.t().contiguous().square(), () => [leaf([2, 3])]],
    "a view of a view of a view": [(x) => x.permute(1, 0).narrow(0, 1, 2).select(1, 1).unsqueeze(0).expand(3, 2).square(), () => [leaf([2, 3])]],
  },
  reductions: {
    sum: [(x) => x.sum().square(), () => [leaf([2, 3])]],
    "sum over dimensions": [(x) => x.sum({ dim: [0, 2] }).square(), () => [leaf([2, 3, 2])]],
    "sum with keepdim": [(x) => x.sum({ dim: -1, keepdim: true }).mul(x), () => [leaf([2, 3])]],
    "sum of a scalar": [(x) => x.sum().square(), () => [leaf([])]],
    mean: [(x) => x.mean({ dim: 1 }).square(), () => [leaf([2, 3])]],
    prod: [(x) => x.prod(), () => [leaf([2, 3])]],
    "prod with zeros": [(x) => x.mul(tensor([[1, 0, 1], [0, 0, 1], [1, 1, 1]], { dtype: "float64" })).prod({ dim: 1 }), () => [leaf([3, 3])]],
    "prod over dimensions, permuted": [(x) => x.permute(2, 0, 1).prod({ dim: [0, 2], keepdim: true }), () => [leaf([2, 3, 2])]],
    "max along a dimension": [(x) => x.max({ dim: 1 }).values.square(), () => [leaf([3, 4])]],
    "min along a dimension, keepdim": [(x) => x.min({ dim: 0, keepdim: true }).values.square(), () => [leaf([3, 4])]],
    "max of all": [(x) => x.max().square(), () => [leaf([3, 4])]],
    "min of all": [(x) => x.min().square(), () => [leaf([3, 4])]],
    amax: [(x) => x.amax({ dim: [0, 2] }).square(), () => [leaf([2, 3, 2])]],
    amin: [(x) => x.amin({ dim: 1, keepdim: true }).mul(x), () => [leaf([2, 3])]],
    variance: [(x) => x.var({ dim: 1 }), () => [leaf([2, 4])]],
    "variance, biased": [(x) => x.var({ dim: [0, 1], correction: 0, keepdim: true }), () => [leaf([2, 4])]],
    std: [(x) => x.std({ dim: 0 }), () => [leaf([4, 2])]],
    varMean: [(x) => g.varMean(x, { dim: 1 }), () => [leaf([2, 4])]],
    "only the mean of varMean": [(x) => g.varMean(x, { dim: 1 })[1].square(), () => [leaf([2, 4])]],
    logsumexp: [(x) => x.logsumexp({ dim: 1 }), () => [leaf([2, 4])]],
    "logsumexp over dimensions": [(x) => x.logsumexp({ dim: [0, 1], keepdim: true }), () => [leaf([2, 4])]],
  },
  softmax: {
    softmax: [(x) => x.softmax(1), () => [leaf([2, 4])]],
    "softmax along the first dimension": [(x) => x.softmax(0), () => [leaf([3, 2])]],
    "softmax of a scalar": [(x) => x.softmax(0).mul(x), () => [leaf([])]],
    logSoftmax: [(x) => x.logSoftmax(-1), () => [leaf([2, 4])]],
    "logSoftmax along the first dimension": [(x) => x.t().logSoftmax(0), () => [leaf([2, 4])]],
  },
  products: {
    "matrix · matrix": [(a, b) => a.matmul(b), () => [leaf([2, 3]), leaf([3, 2], 2)]],
    "vector · vector": [(a, b) => a.matmul(b), () => [leaf([3]), leaf([3], 2)]],
    "matrix · vector": [(a, b) => a.matmul(b), () => [leaf([2, 3]), leaf([3], 2)]],
    "vector · matrix": [(a, b) => a.matmul(b), () => [leaf([3]), leaf([3, 2], 2)]],
    "batch · matrix": [(a, b) => a.matmul(b), () => [leaf([2, 2, 3]), leaf([3, 2], 2)]],
    "matrix · batch": [(a, b) => a.matmul(b), () => [leaf([2, 3]), leaf([2, 3, 2], 2)]],
    "batches that broadcast": [(a, b) => a.matmul(b), () => [leaf([2, 1, 2, 3]), leaf([3, 3, 1], 2)]],
    "vector · batch": [(a, b) => a.matmul(b), () => [leaf([3]), leaf([2, 3, 2], 2)]],
    "permuted operands": [(a, b) => a.t().matmul(b.t()), () => [leaf([3, 2]), leaf([2, 3], 2)]],
    "a matrix with itself": [(a) => a.matmul(a).matmul(a.t()), () => [leaf([2, 2])]],
    linear: [(x, w, b) => g.linear(x, w, b), () => [leaf([2, 3]), leaf([4, 3], 2), leaf([4], 3)]],
    "linear, batch without bias": [(x, w) => g.linear(x, w), () => [leaf([2, 2, 3]), leaf([2, 3], 2)]],
    "linear of a vector": [(x, w, b) => g.linear(x, w, b), () => [leaf([3]), leaf([2, 3], 2), leaf([2], 3)]],
    "linear with an expanded weight": [(x, w, b) => g.linear(x, w.expand(2, 3), b.expand(2)), () => [leaf([2, 3]), leaf([1, 3], 2), leaf([1], 3)]],
  },
  convolutions: {
    conv2d: [(x, w, b) => g.conv2d(x, w, b), () => [leaf([2, 2, 2, 3]), leaf([3, 2, 2, 2], 2), leaf([3], 3)]],
    "stride and padding": [(x, w) => g.conv2d(x, w, null, { stride: 2, padding: 1 }), () => [leaf([1, 1, 4, 5]), leaf([2, 1, 3, 3], 2)]],
    "uneven stride, padding and dilation": [(x, w) => g.conv2d(x, w, null, { stride: [1, 2], padding: [2, 0], dilation: [2, 1] }), () => [leaf([1, 2, 4, 4]), leaf([2, 2, 2, 2], 2)]],
    groups: [(x, w, b) => g.conv2d(x, w, b, { groups: 2, padding: 1 }), () => [leaf([1, 4, 2, 3]), leaf([4, 2, 2, 2], 2), leaf([4], 3)]],
    "depthwise with stride": [(x, w) => g.conv2d(x, w, null, { groups: 3, stride: 2 }), () => [leaf([1, 3, 4, 4]), leaf([3, 1, 2, 2], 2)]],
    "the last rows unused": [(x, w) => g.conv2d(x, w, null, { stride: 3 }), () => [leaf([1, 1, 6, 6]), leaf([1, 1, 2, 2], 2)]],
    same: [(x, w) => g.conv2d(x, w, null, { padding: "same" }), () => [leaf([1, 1, 3, 3]), leaf([1, 1, 3, 3], 2)]],
    "without a batch": [(x, w) => g.conv2d(x, w), () => [leaf([1, 3, 3]), leaf([2, 1, 2, 2], 2)]],
    "permuted input and weight": [(x, w) => g.conv2d(x.permute(0, 3, 1, 2), w.transpose(2, 3)), () => [leaf([1, 3, 3, 2]), leaf([2, 2, 2, 1], 2)]],
    "an input convolved with itself": [(x) => g.conv2d(x, x), () => [leaf([1, 1, 2, 2])]],
    conv1d: [(x, w, b) => g.conv1d(x, w, b, { stride: 2, padding: 1, dilation: 2 }), () => [leaf([2, 2, 6]), leaf([2, 2, 3], 2), leaf([2], 3)]],
    conv3d: [(x, w, b) => g.conv3d(x, w, b, { stride: [1, 2, 1], padding: [1, 0, 1], groups: 2 }), () => [leaf([1, 2, 2, 3, 2]), leaf([2, 1, 2, 2, 2], 2), leaf([2], 3)]],
    convTranspose1d: [(x, w, b) => g.convTranspose1d(x, w, b, { stride: 3, padding: 1, outputPadding: 2 }), () => [leaf([2, 2, 3]), leaf([2, 2, 3], 2), leaf([2], 3)]],
    convTranspose2d: [(x, w, b) => g.convTranspose2d(x, w, b, { stride: [2, 1], dilation: [1, 2], groups: 2 }), () => [leaf([1, 4, 2, 2]), leaf([4, 1, 2, 2], 2), leaf([2], 3)]],
    "convTranspose2d without a batch or a bias": [(x, w) => g.convTranspose2d(x, w), () => [leaf([1, 2, 2]), leaf([1, 2, 2, 2], 2)]],
    convTranspose3d: [(x, w) => g.convTranspose3d(x, w, null, { stride: 2, padding: 1 }), () => [leaf([1, 1, 2, 2, 2]), leaf([1, 1, 2, 3, 2], 2)]],
  },
  pools: {
    maxPool2d: [(x) => g.maxPool2d(x, 2).square(), () => [leaf([1, 2, 4, 4])]],
    "maxPool2d, overlapping and padded": [(x) => g.maxPool2d(x, 3, { stride: 2, padding: 1 }).square(), () => [leaf([1, 1, 5, 4])]],
    "maxPool2d, dilated": [(x) => g.maxPool2d(x, 2, { stride: 1, dilation: 2 }).square(), () => [leaf([1, 4, 4])]],
    "maxPool2d, ceilMode": [(x) => g.maxPool2d(x, 2, { ceilMode: true }).square(), () => [leaf([1, 1, 5, 5])]],
    avgPool2d: [(x) => g.avgPool2d(x, 2).square(), () => [leaf([1, 2, 4, 4])]],
    "avgPool2d, padded": [(x) => g.avgPool2d(x, 3, { stride: 2, padding: 1 }).square(), () => [leaf([1, 1, 5, 4])]],
    "avgPool2d, padding not counted": [(x) => g.avgPool2d(x, 3, { stride: 2, padding: 1, countIncludePad: false, ceilMode: true }).square(), () => [leaf([1, 1, 4, 6])]],
    "avgPool2d, divisorOverride": [(x) => g.avgPool2d(x, [2, 3], { divisorOverride: 5 }).square(), () => [leaf([1, 1, 4, 3])]],
    maxPool1d: [(x) => g.maxPool1d(x, 3, { stride: 2, padding: 1, dilation: 2 }).square(), () => [leaf([1, 2, 7])]],
    maxPool3d: [(x) => g.maxPool3d(x, [1, 2, 2], { ceilMode: true }).square(), () => [leaf([1, 2, 3, 3])]],
    avgPool1d: [(x) => g.avgPool1d(x, 3, { stride: 2, padding: 1, ceilMode: true }).square(), () => [leaf([2, 2, 6])]],
    avgPool3d: [(x) => g.avgPool3d(x, 2, { stride: 1, padding: [1, 0, 1], countIncludePad: false }).square(), () => [leaf([1, 2, 3, 2])]],
    lpPool1d: [(x) => g.lpPool1d(x, 3, 2), () => [positiveLeaf([1, 2, 4])]],
    lpPool2d: [(x) => g.lpPool2d(x, 2, [2, 1], { stride: 1, ceilMode: true }), () => [positiveLeaf([1, 3, 3])]],
    maxUnpool1d: [(x) => g.maxUnpool1d(x, indices([1, 2, 5, 6], [1, 1, 4]), 2).square(), () => [leaf([1, 1, 4])]],
    maxUnpool2d: [(x) => g.maxUnpool2d(x, indices([0, 3, 11, 13], [1, 2, 2]), 2, { outputSize: [5, 4] }).square(), () => [leaf([1, 2, 2])]],
    maxUnpool3d: [(x) => g.maxUnpool3d(x, indices([1, 7], [2, 1, 1, 1]), 2).square(), () => [leaf([2, 1, 1, 1])]],
    adaptiveAvgPool1d: [(x) => g.adaptiveAvgPool1d(x, 3).square(), () => [leaf([1, 2, 5])]],
    "adaptiveAvgPool1d, even windows": [(x) => g.adaptiveAvgPool1d(x, 3).square(), () => [leaf([1, 2, 6])]],
    adaptiveAvgPool2d: [(x) => g.adaptiveAvgPool2d(x, [3, null]).square(), () => [leaf([2, 4, 3])]],
    adaptiveAvgPool3d: [(x) => g.adaptiveAvgPool3d(x, [1, 2, 3]).square(), () => [leaf([1, 2, 3, 2])]],
    adaptiveMaxPool1d: [(x) => g.adaptiveMaxPool1d(x, 3).square(), () => [leaf([1, 2, 5])]],
    adaptiveMaxPool2d: [(x) => g.adaptiveMaxPool2d(x, [2, 3]).square(), () => [leaf([1, 3, 5])]],
    adaptiveMaxPool3d: [(x) => g.adaptiveMaxPool3d(x, 2).square(), () => [leaf([1, 3, 2, 3])]],
    fractionalMaxPool2d: [(x) => g.fractionalMaxPool2d(x, 2, { outputSize: 2, generator: new Generator(3) }).square(), () => [leaf([2, 5, 4])]],
    fractionalMaxPool3d: [(x) => g.fractionalMaxPool3d(x, [1, 2, 2], { outputRatio: 0.6, generator: new Generator(3) }).square(), () => [leaf([1, 3, 4, 4])]],
  },
  indexing: {
    gather: [(x) => x.gather(1, indices([0, 0, 2, 1], [2, 2])).square(), () => [leaf([2, 3])]],
    "gather, fewer rows": [(x) => x.gather(0, indices([2, 1, 2], [1, 3])).square(), () => [leaf([3, 4])]],
    indexSelect: [(x) => x.indexSelect(1, indices([2, 0, 2])).square(), () => [leaf([2, 3])]],
    indexAdd: [(x, s) => x.indexAdd(0, indices([1, 1]), s).square(), () => [leaf([3, 2]), leaf([2, 2], 2)]],
    scatter: [(x, s) => x.scatter(1, indices([2, 0], [2, 1]), s).square(), () => [leaf([2, 3]), leaf([2, 1], 2)]],
    scatterAdd: [(x, s) => x.scatterAdd(0, indices([1, 0, 1, 1], [2, 2]), s).square(), () => [leaf([3, 2]), leaf([2, 2], 2)]],
    "scatterAdd of a larger source": [(x, s) => x.scatterAdd(0, indices([1, 0], [2, 1]), s).square(), () => [leaf([3, 2]), leaf([3, 2], 2)]],
    embedding: [(w) => g.embedding(indices([1, 0, 1, 1], [2, 2]), w).square(), () => [leaf([3, 2])]],
  },
  joining: {
    cat: [(a, b) => g.cat([a, b.t(), a], 1).square(), () => [leaf([2, 2]), leaf([3, 2], 2)]],
    stack: [(a, b) => g.stack([a, b], -1).square(), () => [leaf([2, 2]), leaf([2, 2], 2)]],
    pad: [(x) => g.pad(x, [1, 0, 2, 1], { value: 3 }).square(), () => [leaf([2, 2])]],
    "pad that cuts": [(x) => g.pad(x, [-1, 2, 1, -1]).square(), () => [leaf([3, 3])]],
  },
  "in place": {
    mul_: [(x, y) => x.clone().mul_(y).exp(), () => [leaf([2, 3]), leaf([3], 2)]],
    "two writes, the first saved by nobody": [(x, y) => x.add(1).mul_(y).add_(y.square()), () => [leaf([2, 3]), leaf([2, 3], 2)]],
    exp_: [(x) => x.clone().exp_().mul(x), () => [leaf([3])]],
    pow_: [(x, y) => x.clone().pow_(y), () => [positiveLeaf([3]), leaf([3], 2)]],
    "copy_ into a slice": [
      (x, y) => {
        const z = x.clone();
        z.narrow(1, 1, 2).copy_(y);
        return z.square();
      },
      () => [leaf([2, 3]), leaf([2, 2], 2)],
    ],
    "mul_ on a view of a view": [
      (x, y) => {
        const z = x.clone();
        z.t().select(0, 1).mul_(y);
        return z.square();
      },
      () => [leaf([2, 3]), leaf([2], 2)],
    ],
    "a stale view": [
      (x, y) => {
        const z = x.mul(1);
        const view = z.narrow(0, 1, 2);
        z.mul_(y);
        return [view.exp(), z.square()];
      },
      () => [leaf([3]), leaf([3], 2)],
    ],
    "fill_ of a part": [
      (x) => {
        const z = x.clone();
        z.select(0, 1).fill_(2);
        return z.prod();
      },
      () => [leaf([3, 2])],
    ],
    set: [(x, y) => x.clone().set([0, 1], y.sum()).square(), () => [leaf([2, 2]), leaf([2], 2)]],
    scatterAdd_: [(x, s) => x.clone().scatterAdd_(0, indices([1, 1]), s).square(), () => [leaf([3]), leaf([2], 2)]],
  },
  losses: {
    mseLoss: [(x, y) => g.mseLoss(x, y), () => [leaf([2, 3]), leaf([2, 3], 2)]],
    l1Loss: [(x, y) => g.l1Loss(x, y, { reduction: "sum" }), () => [leaf([2, 3]), leaf([2, 3], 2)]],
    nllLoss: [(x) => g.nllLoss(x.logSoftmax(1), indices([0, 2])), () => [leaf([2, 3])]],
    "nllLoss, weighted, one target ignored": [(x, w) => g.nllLoss(x, indices([0, 2, 1]), { weight: w, ignoreIndex: 2 }), () => [leaf([3, 3]), positiveLeaf([3], 2)]],
    "nllLoss over planes": [(x) => g.nllLoss(x, indices([0, 1, 2, 0], [2, 2]), { reduction: "none" }), () => [leaf([2, 3, 2])]],
    crossEntropy: [(x) => g.crossEntropy(x, indices([0, 2])), () => [leaf([2, 3])]],
    "crossEntropy, smoothed and weighted": [(x) => g.crossEntropy(x, indices([0, 2]), { labelSmoothing: 0.2, weight: positiveLeaf([3], 3).detach() }), () => [leaf([2, 3])]],
    "crossEntropy with probabilities": [(x, p) => g.crossEntropy(x, p.softmax(1), { labelSmoothing: 0.1 }), () => [leaf([2, 3]), leaf([2, 3], 2)]],
    binaryCrossEntropy: [(x, y) => g.binaryCrossEntropy(x.sigmoid(), y), () => [leaf([4]), positiveLeaf([4], 2)]],
    binaryCrossEntropyWithLogits: [
      (x, y) => g.binaryCrossEntropyWithLogits(x, y, { posWeight: positiveLeaf([2], 3).detach(), weight: positiveLeaf([2], 4).detach() }),
      () => [leaf([3, 2]), positiveLeaf([3, 2], 2)],
    ],
  },
  random: {
    "dropout, the same mask each time": [(x) => g.dropout(x, 0.4, true, new Generator(3)).square(), () => [leaf([3, 3])]],
  },
  rearranging: {
    flip: [(x) => g.flip(x, [0, -1]).square().mul(x), () => [leaf([2, 3])]],
    "flipud and fliplr": [(x) => [g.flipud(x).exp(), g.fliplr(x).square()], () => [leaf([2, 3])]],
    roll: [(x) => g.roll(x, [1, -1], [0, 1]).square().mul(x), () => [leaf([3, 2])]],
    rot90: [(x) => g.rot90(x, 1, [0, 1]).square(), () => [leaf([2, 3])]],
    repeat: [(x) => g.repeat(x, [2, 1, 2]).square(), () => [leaf([2, 3])]],
    tile: [(x) => g.tile(x, [2]).square(), () => [leaf([2, 2])]],
    repeatInterleave: [(x) => g.repeatInterleave(x, 2, { dim: 1 }).square(), () => [leaf([2, 2])]],
    "tril and triu": [(x) => [g.tril(x).square(), g.triu(x, 1).exp()], () => [leaf([3, 3])]],
    diagonal: [(x) => g.diagonal(x, { offset: 1, dim1: 1, dim2: 0 }).square(), () => [leaf([3, 2, 2])]],
    diagEmbed: [(x) => g.diagEmbed(x, { offset: -1 }).square(), () => [leaf([2, 2])]],
    "diag, both ways": [(x, y) => [g.diag(x, 1).square(), g.diag(y).square()], () => [leaf([3, 3]), leaf([2], 2)]],
    trace: [(x) => g.trace(x).square(), () => [leaf([3, 3])]],
    movedim: [(x) => g.movedim(x, [0, 1], [2, 0]).square().mul(g.movedim(x, [0, 1], [2, 0])), () => [leaf([2, 3, 2])]],
    unflatten: [(x) => g.unflatten(x, 0, [2, -1]).square(), () => [leaf([4, 2])]],
  },
  "along a dimension": {
    cumsum: [(x) => g.cumsum(x, 1).square(), () => [leaf([2, 3])]],
    cumprod: [(x) => g.cumprod(x, 0), () => [leaf([3, 2])]],
    logcumsumexp: [(x) => g.logcumsumexp(x, 1).square(), () => [leaf([2, 3])]],
    "cummax and cummin": [(x) => [g.cummax(x, 1).values.square(), g.cummin(x, 0).values.exp()], () => [leaf([3, 3])]],
    sort: [(x) => g.sort(x, { dim: 0, descending: true }).values.square().mul(x), () => [leaf([3, 2])]],
    topk: [(x) => g.topk(x, 2).values.square(), () => [leaf([2, 4])]],
    kthvalue: [(x) => g.kthvalue(x, 2, { dim: 0 }).values.square(), () => [leaf([4, 2])]],
    median: [(x) => [g.median(x).square(), g.median(x, { dim: 1 }).values.exp()], () => [leaf([3, 3])]],
    softmin: [(x) => g.softmin(x, 1).square(), () => [leaf([2, 3])]],
    variance: [(x) => g.variance(x, { dim: 0 }), () => [leaf([3, 2])]],
  },
  "indexing by tensors": {
    take: [(x) => g.take(x, indices([5, 0, 0])).square(), () => [leaf([2, 3])]],
    takeAlongDim: [(x) => g.takeAlongDim(x, indices([1, 0], [2, 1]), 1).square(), () => [leaf([2, 3])]],
    indexPut: [(x, y) => g.indexPut(x, [indices([2, 0])], y).square(), () => [leaf([3, 2]), leaf([2, 2], 2)]],
    "indexPut_, accumulating": [(x, y) => g.indexPut_(x.clone(), [indices([1, 1]), indices([0, 0])], y, { accumulate: true }).square(), () => [leaf([3, 2]), leaf([2], 2)]],
    maskedFill: [(x, y) => g.maskedFill(x, tensor([true, false, true]), y.sum()).square(), () => [leaf([2, 3]), leaf([2], 2)]],
    fill: [(x, y) => g.fill(x, y.sum()).square(), () => [leaf([2]), leaf([2], 2)]],
  },
  "images and windows": {
    fold: [(x) => g.fold(x, [3, 3], 2).square(), () => [leaf([1, 8, 4])]],
    "interpolate, nearest": [(x) => g.interpolate(x, { scaleFactor: 2 }).square(), () => [leaf([1, 1, 3])]],
    "interpolate, linear": [(x) => g.interpolate(x, { size: 5, mode: "linear" }).square(), () => [leaf([1, 2, 3])]],
    "interpolate, bilinear": [(x) => g.interpolate(x, { size: [3, 5], mode: "bilinear", alignCorners: true }).square(), () => [leaf([1, 1, 2, 3])]],
    "interpolate, bicubic": [(x) => g.interpolate(x, { size: [4, 3], mode: "bicubic" }).square(), () => [leaf([1, 1, 3, 2])]],
    "interpolate, area": [(x) => g.interpolate(x, { size: [2, 2], mode: "area" }).square(), () => [leaf([1, 1, 4, 3])]],
    upsample: [(x) => [g.upsampleNearest(x, { scaleFactor: 2 }).square(), g.upsampleBilinear(x, { size: [3, 3] }).square()], () => [leaf([1, 1, 2, 2])]],
    affineGrid: [(theta) => g.affineGrid(theta, [1, 1, 2, 3]).square(), () => [leaf([1, 2, 3])]],
    gridSample: [(x, grid) => g.gridSample(x, grid.tanh().mul(0.8)), () => [leaf([1, 1, 4, 4]), leaf([1, 2, 2, 2], 2)]],
    "pixelShuffle and back": [(x) => [g.pixelShuffle(x, 2).square(), g.pixelUnshuffle(g.pixelShuffle(x, 2).exp(), 2)], () => [leaf([1, 4, 2, 1])]],
    channelShuffle: [(x) => g.channelShuffle(x, 2).square().mul(x), () => [leaf([1, 4, 2])]],
  },
  "attention and recurrence": {
    scaledDotProductAttention: [(q, k, v) => g.scaledDotProductAttention(q, k, v, { isCausal: true }), () => [leaf([1, 3, 2]), leaf([1, 3, 2], 2), leaf([1, 3, 2], 3)]],
    scaledDotProductAttentionWithWeights: [(q, k, v) => Object.values<Tensor>(g.scaledDotProductAttentionWithWeights(q, k, v)), () => [leaf([2, 2]), leaf([3, 2], 2), leaf([3, 2], 3)]],
    multiHeadAttention: [
      (x, w, b, out) => g.multiHeadAttention(x, x.sin(), x.cos(), { numHeads: 2, inProjWeight: w, inProjBias: b, outProjWeight: out, needWeights: false }).output,
      () => [leaf([2, 1, 4]), leaf([12, 4], 2), leaf([12], 3), leaf([4, 4], 4)],
    ],
    recurrentLayer: [(p, h, c, w) => { const { output, c: cell } = g.recurrentLayer("lstm", p, h, c, { weightHh: w }); return [output, cell]; }, () => [leaf([2, 1, 8]), leaf([1, 2], 2), leaf([1, 2], 3), leaf([8, 2], 4)]],
    bilinear: [(a, b, w, bias) => g.bilinear(a, b, w, bias), () => [leaf([2, 2]), leaf([2, 3], 2), leaf([2, 2, 3], 3), leaf([2], 4)]],
    rnnTanhCell: [(x, h, w, u) => g.rnnTanhCell(x, h, w, u), () => [leaf([2, 2]), leaf([2, 3], 2), leaf([3, 2], 3), leaf([3, 3], 4)]],
    rnnReluCell: [(x, h, w, u) => g.rnnReluCell(x, h, w, u).square(), () => [leaf([2, 2]), leaf([2, 3], 2), leaf([3, 2], 3), leaf([3, 3], 4)]],
    gruCell: [(x, h, w, u) => g.gruCell(x, h, w, u), () => [leaf([1, 2]), leaf([1, 2], 2), leaf([6, 2], 3), leaf([6, 2], 4)]],
    lstmCell: [(x, h, w, u) => g.lstmCell(x, [h, h.sin()], w, u), () => [leaf([1, 2]), leaf([1, 2], 2), leaf([8, 2], 3), leaf([8, 2], 4)]],
    embeddingBag: [(w) => g.embeddingBag(indices([1, 0, 2, 1], [2, 2]), w, { mode: "mean" }).square(), () => [leaf([3, 2])]],
  },
  "distances and products": {
    cosineSimilarity: [(a, b) => g.cosineSimilarity(a, b), () => [leaf([2, 3]), leaf([2, 3], 2)]],
    pairwiseDistance: [(a, b) => g.pairwiseDistance(a, b), () => [leaf([2, 3]), leaf([2, 3], 2)]],
    pdist: [(x) => g.pdist(x).square(), () => [leaf([3, 2])]],
    vectorNorm: [(x) => g.vectorNorm("vectorNorm", x, 3, { dim: 1 }).square(), () => [leaf([2, 3])]],
    vdot: [(a, b) => g.vdot(a, b).square(), () => [leaf([3]), leaf([3], 2)]],
    addmv: [(c, m, v) => g.addmv(c, m, v).square(), () => [leaf([2]), leaf([2, 3], 2), leaf([3], 3)]],
    "msort, broadcastTo, atleast1d": [(x) => [g.msort(x).square().mul(x), g.broadcastTo(x, [2, 3, 2]).square(), g.atleast1d(x.sum()).square()], () => [leaf([3, 2])]],
  },
  "more losses": {
    ctcLoss: [(x) => g.ctcLoss(x.logSoftmax(2), indices([1, 2, 2], [1, 3]), [6], [3]), () => [leaf([6, 1, 3])], "first order, as in PyTorch"],
    poissonNllLoss: [(x, y) => g.poissonNllLoss(x, y), () => [leaf([4]), positiveLeaf([4], 2)]],
    gaussianNllLoss: [(x, y, v) => g.gaussianNllLoss(x, y, v), () => [leaf([4]), leaf([4], 2), positiveLeaf([4], 3)]],
    multilabelSoftMarginLoss: [(x) => g.multilabelSoftMarginLoss(x, tensor([[1, 0, 1]], { dtype: "float64" })), () => [leaf([1, 3])]],
    hingeEmbeddingLoss: [(x) => g.hingeEmbeddingLoss(x.square(), tensor([1, -1, -1], { dtype: "float64" })), () => [leaf([3])]],
    marginRankingLoss: [(a, b) => g.marginRankingLoss(a.square(), b, tensor([1, -1, 1], { dtype: "float64" }), { margin: 0.3 }), () => [leaf([3]), leaf([3], 2)]],
    cosineEmbeddingLoss: [(a, b) => g.cosineEmbeddingLoss(a, b, tensor([1, -1], { dtype: "float64" })), () => [leaf([2, 3]), leaf([2, 3], 2)]],
    tripletMarginLoss: [(a, p, n) => g.tripletMarginLoss(a, p, n, { margin: 5 }), () => [leaf([2, 3]), leaf([2, 3], 2), leaf([2, 3], 3)]],
    tripletMarginWithDistanceLoss: [(a, p, n) => g.tripletMarginWithDistanceLoss(a, p, n, { margin: 5 }), () => [leaf([2, 3]), leaf([2, 3], 2), leaf([2, 3], 3)]],
    multiMarginLoss: [(x) => g.multiMarginLoss(x, indices([0, 2]), { p: 2 }), () => [leaf([2, 3])]],
    multilabelMarginLoss: [(x) => g.multilabelMarginLoss(x.square(), indices([1, 0, -1], [1, 3])), () => [leaf([1, 3])]],
  },
  "masks drawn anew, the same each time": {
    alphaDropout: [(x) => g.alphaDropout(x, 0.4, true, new Generator(3)).square(), () => [leaf([3, 2])]],
    featureAlphaDropout: [(x) => g.featureAlphaDropout(x, 0.4, true, new Generator(3)).square(), () => [leaf([2, 2, 2])]],
    dropout1d: [(x) => g.dropout1d(x, 0.4, true, new Generator(3)).square(), () => [leaf([2, 2, 2])]],
    "dropout2d and dropout3d": [(x) => [g.dropout2d(x, 0.4, true, new Generator(3)).square(), g.dropout3d(x.unsqueeze(0), 0.4, true, new Generator(4)).square()], () => [leaf([2, 2, 1, 2])]],
    gumbelSoftmax: [(x) => g.gumbelSoftmax(x, { tau: 0.7, generator: new Generator(3) }).square(), () => [leaf([2, 3])]],
  },
  normalization: {
    "batchNorm, training": [(x, w, b) => g.batchNorm(x, { weight: w, bias: b, training: true }).square(), () => [leaf([3, 2, 2]), positiveLeaf([2], 2), leaf([2], 3)]],
    "batchNorm, by running statistics": [
      (x, w) => g.batchNorm(x, { weight: w, runningMean: tensor([0.5, -1], { dtype: "float64" }), runningVar: tensor([2, 0.5], { dtype: "float64" }) }).square(),
      () => [leaf([3, 2]), positiveLeaf([2], 2)],
    ],
    nativeLayerNorm: [(x, w, b) => g.nativeLayerNorm(x, [3], { weight: w, bias: b })[0].square(), () => [leaf([2, 3]), positiveLeaf([3], 2), leaf([3], 3)]],
    nativeBatchNorm: [(x, w, b) => g.nativeBatchNorm(x, { weight: w, bias: b, training: true })[0].square(), () => [leaf([3, 2]), positiveLeaf([2], 2), leaf([2], 3)]],
    layerNorm: [(x, w, b) => g.layerNorm(x, [3], { weight: w, bias: b }).square(), () => [leaf([2, 3]), positiveLeaf([3], 2), leaf([3], 3)]],
  },
};

for (const [group, table] of Object.entries(cases)) {
  describe("an op whose arguments are one tensor", () => {
  it.each<[name: string, f: (x: Tensor) => Tensor]>([
    ["pow", (x) => x.pow(x)],
    ["ldexp", (x) => x.ldexp(x)],
    ["atan2", (x) => x.atan2(x.mul(1))],
    ["hypot", (x) => x.hypot(x)],
    ["addcdiv", (x) => x.addcdiv(x, x, { value: 2 })],
    ["lerp", (x) => x.lerp(x.square(), x)],
  ])("%s has both its derivatives", async (name, f) => {
    await gradcheck(f, [tensor([0.5, 1.5, 2.5], { dtype: "float64", requiresGrad: true })], { name });
    await gradgradcheck(f, [tensor([0.5, 1.5, 2.5], { dtype: "float64", requiresGrad: true })], { name });
  });
});

describe(group, () => {
    it.each(Object.entries(table))("%s", async (name, [f, inputs, only]) => {
      await gradcheck(f, inputs(), { name });
      if (only === undefined) await gradgradcheck(f, inputs(), { name: `${name}, second order`, fastMode: true });
    });
  });
}

/** What has no case here, and why. Of every other export a case calls the function, or the method of its name. */
const without = {
  "is no op": `
    decodeBytes encodeValues finfo iinfo devices getDefaultDevice setDefaultDevice withDefaultDevice canCast promoteTypes resultType broadcastShapes keep openScope scope
    memoryStats reclaim awaitReads canReadAtOnce getNumThreads setNumThreads formatTensor getPrintOptions setPrintOptions defaultGenerator manualSeed`,
  "differentiates, and has tests of its own": `
    backward grad checkpoint checkpointSequential hessian hvp jacobian jvp vhp vjp gradcheck gradgradcheck enableGrad inferenceMode isGradEnabled
    isInferenceModeEnabled noGrad setGradEnabled detectAnomaly isAnomalyEnabled setDetectAnomaly`,
  "gives back the tensor itself, which is real": "conj conjPhysical resolveConj resolveNeg",
  "makes a tensor of none": "randintLike randLike randnLike poisson tensor full empty zeros ones zerosLike onesLike fullLike emptyLike arange linspace eye rand randn randint randperm normal bernoulli",
  "is constant between its jumps": "argmax argmin argsort any all allclose equal nonzero argwhere oneHot floorDivide",
  "is a choice of values that gather and indexPut differentiate": "maskedSelect",
  "is the function without WithIndices and its derivative": `
    maxPool1dWithIndices maxPool2dWithIndices maxPool3dWithIndices adaptiveMaxPool1dWithIndices adaptiveMaxPool2dWithIndices adaptiveMaxPool3dWithIndices
    fractionalMaxPool2dWithIndices fractionalMaxPool3dWithIndices`,
  "is leakyRelu with slopes drawn at random": "rrelu",
  "is for those who write ops": "record joinOptions optionsOf",
  "gives the tensor itself": "positive conj conjPhysical resolveConj resolveNeg",
  "is norm under another name": "vectorNorm",
};

describe("every export that is differentiable", () => {
  it("has a case here, in another file that runs gradient checks, or in the table of elementwise ops", () => {
    const folder = new URL(".", import.meta.url);
    const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts")).map((name) => readFileSync(new URL(name, folder), "utf8"));
    const called = new Set(files.filter((text) => /\bgradcheck\(/.test(text)).flatMap((text) => Array.from(text.matchAll(/\b(\w+)\(/g), ([, name]) => name)));
    const exempt = new Set(Object.values(without).flatMap((names) => names.trim().split(/\s+/)));
    const functions = Object.entries(g).flatMap(([name, value]) => (typeof value === "function" && /^[a-z]/.test(name) ? [name] : []));
    const missing = functions.filter((name) => !(name in elementwiseOps) && !called.has(name) && !exempt.has(name));
    expect(missing, "write a case for each, or say above why it needs none").toEqual([]);
    expect([...exempt].filter((name) => !functions.includes(name)), "no longer exist").toEqual([]);
  });
});
