"""What PyTorch gives for torch.nn.functional: writes test/fixtures/functional.jsonl.gz.

Run with a Python that has PyTorch: python3 packages/tensor-core/scripts/functional.py

Every line is one call as it is written in Gradus: {"call", "args", "options", "tensors", "outs", "cots", "grads", "cots2", "grads2"}. {"$": i} stands
for the i-th tensor. Gradients are those of sum(outs * cots), second ones those of sum(grads * cots2); null where there is none.
"""

import gzip
import json
import math
import warnings
from pathlib import Path

import torch
import torch.nn.functional as F

warnings.filterwarnings("ignore")
FILE = Path(__file__).parent.parent / "test" / "fixtures" / "functional.jsonl.gz"
rows = []


def record(t):
    """A tensor as the tests read it; null for none."""
    if t is None:
        return None
    t = torch.zeros_like(t) if torch._is_zerotensor(t) else t.detach()
    special = {math.inf: "inf", -math.inf: "-inf"}
    data = ["nan" if isinstance(x, float) and math.isnan(x) else special.get(x, x) for x in t.reshape(-1).tolist()]
    return {"dtype": str(t.dtype).removeprefix("torch."), "shape": list(t.shape), "data": data}


def n(*shape):
    """Normal numbers of few digits."""
    return (torch.randn(shape, dtype=torch.float64) * 1024).round().div(1024).requires_grad_()


def u(*shape):
    """Numbers between 1/8 and 7/8."""
    return (torch.rand(shape, dtype=torch.float64) * 768 + 128).round().div(1024).requires_grad_()


def cotangent(t):
    return torch.randint(-8, 9, t.shape).to(t.dtype) / 4


def i(*values):
    return torch.tensor(values)


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def case(call, f, *args, seed=None, rename=None, positional=(), **options):
    """`positional` names options of PyTorch that are positional in Gradus; `rename` gives options another name there."""
    tensors = []

    def encode(value):
        if isinstance(value, torch.Tensor):
            for at, known in enumerate(tensors):
                if known is value:
                    return {"$": at}
            tensors.append(value)
            return {"$": len(tensors) - 1}
        if isinstance(value, (tuple, list)):
            return [encode(each) for each in value]
        return value

    encoded = [encode(arg) for arg in args] + [encode(options[name]) for name in positional]
    named = {(rename or {}).get(name, camel(name)): encode(value) for name, value in options.items() if name not in positional}
    inputs = [record(t) | ({"leaf": True} if t.requires_grad else {}) for t in tensors]
    if seed is not None:
        torch.manual_seed(seed)
    result = f(*args, **options)
    outs = list(result) if isinstance(result, (tuple, list)) else [result]
    row = {"call": call, "args": encoded, "options": named, "seed": seed, "tensors": inputs, "outs": [record(o) for o in outs]}
    leaves = [t for t in tensors if t.requires_grad]
    rooted = [o for o in outs if o.requires_grad]
    if rooted:
        cots = [cotangent(o) for o in rooted]
        grads = torch.autograd.grad(rooted, leaves, cots, create_graph=True, allow_unused=True)
        row |= {"cots": [record(c) for c in cots], "grads": [record(g) for g in grads]}
        again = [g for g in grads if g is not None and g.requires_grad]
        if again:
            cots2 = [cotangent(g) for g in again]
            try:
                grads2 = torch.autograd.grad(again, leaves, cots2, allow_unused=True)
                row |= {"twice": [bool(g is not None and g.requires_grad) for g in grads], "cots2": [record(c) for c in cots2], "grads2": [record(g) for g in grads2]}
            except RuntimeError as error:
                # PyTorch has no second derivative of everything.
                print(call, "once:", str(error)[:80])
    rows.append(row)


torch.manual_seed(0)

# Convolutions
case("conv1d", F.conv1d, n(2, 4, 7), n(6, 2, 3), n(6), positional=(), stride=2, padding=1, dilation=2, groups=2)
case("conv2d", F.conv2d, n(1, 2, 5, 4), n(3, 2, 2, 3), None, padding="same")
case("conv3d", F.conv3d, n(1, 2, 4, 3, 3), n(2, 2, 2, 2, 1), n(2), stride=[1, 2, 1], padding=[1, 0, 0])
case("convTranspose1d", F.conv_transpose1d, n(2, 4, 3), n(4, 3, 3), n(6), stride=3, padding=1, output_padding=2, groups=2)
case("convTranspose2d", F.conv_transpose2d, n(1, 2, 3, 2), n(2, 3, 2, 3), n(3), stride=[2, 1], dilation=[1, 2], padding=[0, 1], output_padding=[1, 0])
case("convTranspose2d", F.conv_transpose2d, n(2, 3, 2), n(2, 1, 3, 3), None)
case("convTranspose3d", F.conv_transpose3d, n(1, 2, 2, 2, 2), n(2, 1, 2, 1, 3), n(2), stride=2, groups=2)

# Pools
case("maxPool1dWithIndices", F.max_pool1d, n(2, 2, 7), 3, stride=2, padding=1, dilation=2, return_indices=True, rename={"return_indices": "unused"})
case("maxPool3dWithIndices", F.max_pool3d, n(1, 3, 4, 5), [1, 2, 3], stride=[1, 2, 2], ceil_mode=True, return_indices=True, rename={"return_indices": "unused"})
case("maxPool2d", F.max_pool2d, n(1, 2, 5, 5), 3, stride=2, padding=1, ceil_mode=True)
case("avgPool1d", F.avg_pool1d, n(2, 2, 6), 3, stride=2, padding=1, ceil_mode=True)
case("avgPool2d", F.avg_pool2d, n(1, 2, 5, 6), [2, 3], stride=[2, 1], padding=[1, 1], count_include_pad=False)
case("avgPool2d", F.avg_pool2d, n(2, 4, 4), 2)
case("avgPool3d", F.avg_pool3d, n(1, 3, 4, 3), 2, stride=2, padding=1, ceil_mode=True, divisor_override=3)
case("lpPool1d", F.lp_pool1d, u(1, 2, 7), 3, 2, stride=3, ceil_mode=True)
case("lpPool2d", F.lp_pool2d, u(1, 2, 4, 5), 2, [2, 3])
for size in ([5], [3], [8]):
    case("adaptiveAvgPool1d", F.adaptive_avg_pool1d, n(2, 2, 7), size)
case("adaptiveAvgPool2d", F.adaptive_avg_pool2d, n(1, 2, 5, 6), [3, None])
case("adaptiveAvgPool2d", F.adaptive_avg_pool2d, n(2, 4, 6), [2, 3])
case("adaptiveAvgPool3d", F.adaptive_avg_pool3d, n(1, 4, 3, 5), [3, 1, 2])
case("adaptiveMaxPool1dWithIndices", F.adaptive_max_pool1d, n(2, 2, 7), 3, return_indices=True, rename={"return_indices": "unused"})
case("adaptiveMaxPool2dWithIndices", F.adaptive_max_pool2d, n(1, 2, 5, 6), [3, 4], return_indices=True, rename={"return_indices": "unused"})
case("adaptiveMaxPool2dWithIndices", F.adaptive_max_pool2d, n(1, 2, 4, 6), [2, 3], return_indices=True, rename={"return_indices": "unused"})
case("adaptiveMaxPool3dWithIndices", F.adaptive_max_pool3d, n(1, 4, 3, 5), 2, return_indices=True, rename={"return_indices": "unused"})
case("maxUnpool1d", F.max_unpool1d, n(1, 2, 3), i([[0, 3, 5], [1, 2, 4]]).view(1, 2, 3), 2)
case("maxUnpool2d", F.max_unpool2d, n(1, 2, 2), i([[0, 6], [13, 9]]).view(1, 2, 2), 2, output_size=[5, 5])
case("maxUnpool3d", F.max_unpool3d, n(1, 1, 1, 1, 2), i([3, 9]).view(1, 1, 1, 1, 2), 2, stride=2)
case("fractionalMaxPool2dWithIndices", F.fractional_max_pool2d, n(2, 2, 7, 6), 2, output_size=[4, 3], return_indices=True, seed=5, rename={"return_indices": "unused"})
case("fractionalMaxPool2dWithIndices", F.fractional_max_pool2d, n(2, 9, 8), [3, 2], output_ratio=[0.5, 0.6], return_indices=True, seed=6, rename={"return_indices": "unused"})
case("fractionalMaxPool3dWithIndices", F.fractional_max_pool3d, n(1, 2, 5, 4, 6), 2, output_size=[3, 2, 4], return_indices=True, seed=7, rename={"return_indices": "unused"})

# Activations
x = torch.tensor([-4.0, -3.0, -1.5, -0.5, -0.25, 0.0, 0.25, 0.5, 1.5, 3.0, 6.0, 7.0], dtype=torch.float64).requires_grad_()
for name in ("relu6", "tanhshrink", "softsign", "logsigmoid", "mish", "selu", "elu", "celu", "hardtanh", "hardshrink", "softshrink"):
    case(name, getattr(F, name), x)
case("elu", F.elu, x, alpha=0.7)
# 0.5 because PyTorch divides by alpha in single precision; and at the ends of the slope it has no second derivative.
case("celu", F.celu, x, alpha=0.5)
case("hardswish", F.hardswish, n(12))
case("hardtanh", F.hardtanh, x, min_val=-2, max_val=0.5)
case("hardshrink", F.hardshrink, x, lambd=1.5)
case("softshrink", F.softshrink, x, lambd=1.5)
case("threshold", F.threshold, x, 0.25, -1)
case("prelu", F.prelu, n(2, 3, 2), n(3))
case("prelu", F.prelu, n(4), n(1))
case("rrelu", F.rrelu, n(3, 4), training=True, seed=3)
case("rrelu", F.rrelu, n(3, 4), lower=0.1, upper=0.4)
case("glu", F.glu, n(3, 4), 1)
case("glu", F.glu, n(4, 2, 2), 0)
case("softmin", F.softmin, n(3, 4), 1)
case("gumbelSoftmax", F.gumbel_softmax, n(3, 20), tau=0.5, seed=4)
case("gumbelSoftmax", F.gumbel_softmax, n(3, 20), hard=True, dim=0, seed=4)

# Normalisation
case("groupNorm", F.group_norm, n(2, 4, 3), 2, weight=n(4), bias=n(4))
case("groupNorm", F.group_norm, n(2, 6), 3)
case("groupNorm", F.group_norm, n(1, 4, 2, 2), 4, weight=n(4), eps=0.1)
case("instanceNorm", F.instance_norm, n(2, 3, 4), weight=n(3), bias=n(3), eps=0.1)
case("instanceNorm", F.instance_norm, n(2, 3, 2, 2), running_mean=n(3).detach(), running_var=u(3).detach(), use_input_stats=False, bias=n(3), weight=n(3))
case("layerNorm", F.layer_norm, n(2, 3, 4), [3, 4], weight=n(3, 4), bias=n(3, 4))
case("batchNorm", F.batch_norm, n(3, 2, 4), running_mean=None, running_var=None, weight=n(2), bias=n(2), training=True)
for size in (1, 2, 3):
    case("localResponseNorm", F.local_response_norm, n(2, 4, 3), size, alpha=0.3, beta=0.5, k=2)
case("localResponseNorm", F.local_response_norm, n(1, 3, 2, 2), 2)
for p in (1, 2, 3, 0.5, math.inf):
    if p != math.inf:
        case("normalize", F.normalize, n(3, 4), p=p)
        case("pairwiseDistance", F.pairwise_distance, n(3, 4), n(3, 4), p=p)
        case("pdist", F.pdist, n(4, 3), p)
case("normalize", F.normalize, n(2, 3, 2), dim=[0, 2])
case("pairwiseDistance", F.pairwise_distance, n(4), n(3, 4), keepdim=True, eps=0.1)
case("cosineSimilarity", F.cosine_similarity, n(3, 4), n(3, 4))
case("cosineSimilarity", F.cosine_similarity, n(2, 1, 3), n(2, 3), dim=-1)

# Losses
for reduction in ("mean", "sum", "none"):
    case("mseLoss", F.mse_loss, n(3, 2), n(3, 2), reduction=reduction)
    case("l1Loss", F.l1_loss, n(3, 2), n(3, 2), reduction=reduction)
    case("smoothL1Loss", F.smooth_l1_loss, n(3, 2), n(3, 2), reduction=reduction, beta=0.5)
    case("huberLoss", F.huber_loss, n(3, 2), n(3, 2), reduction=reduction, delta=0.7)
    case("klDiv", F.kl_div, n(3, 2), u(3, 2), reduction=reduction)
    case("binaryCrossEntropy", F.binary_cross_entropy, u(3, 2), u(3, 2).detach(), weight=u(2).detach(), reduction=reduction)
    case("binaryCrossEntropyWithLogits", F.binary_cross_entropy_with_logits, n(3, 2), u(3, 2), weight=u(3, 1).detach(), pos_weight=u(2).detach(), reduction=reduction)
    case("nllLoss", F.nll_loss, n(3, 4), i(1, 3, 0), weight=u(4).detach(), reduction=reduction)
    case("nllLoss", F.nll_loss, n(2, 3, 2, 2), i([[0, 1], [2, 1]], [[1, 1], [0, 2]]), ignore_index=1, reduction=reduction)
    case("crossEntropy", F.cross_entropy, n(3, 4), i(1, 3, 0), reduction=reduction)
    case("crossEntropy", F.cross_entropy, n(2, 3, 2), i([0, 2], [1, 1]), weight=u(3).detach(), ignore_index=1, reduction=reduction)
    case("crossEntropy", F.cross_entropy, n(3, 4), i(1, 3, 0), weight=u(4).detach(), label_smoothing=0.2, ignore_index=3, reduction=reduction)
    case("crossEntropy", F.cross_entropy, n(3, 4), u(3, 4), weight=u(4).detach(), label_smoothing=0.2, reduction=reduction)
    case("softMarginLoss", F.soft_margin_loss, n(3, 2), n(3, 2).sign().detach(), reduction=reduction)
    case("multilabelSoftMarginLoss", F.multilabel_soft_margin_loss, n(3, 4), (n(3, 4) > 0).double(), weight=u(4).detach(), reduction=reduction)
    case("hingeEmbeddingLoss", F.hinge_embedding_loss, n(5), i(1, -1, 1, -1, -1), margin=0.5, reduction=reduction)
    case("marginRankingLoss", F.margin_ranking_loss, n(4), n(4), i(1, -1, 1, -1), margin=0.3, reduction=reduction)
    case("cosineEmbeddingLoss", F.cosine_embedding_loss, n(4, 3), n(4, 3), i(1, -1, 1, -1), margin=0.2, reduction=reduction)
    case("tripletMarginLoss", F.triplet_margin_loss, n(3, 4), n(3, 4), n(3, 4), swap=True, margin=0.8, reduction=reduction)
    case("multiMarginLoss", F.multi_margin_loss, n(3, 4), i(1, 3, 0), p=2, margin=0.7, weight=u(4).detach(), reduction=reduction)
    case("multilabelMarginLoss", F.multilabel_margin_loss, n(2, 4), i([3, 0, -1, 1], [-1, 2, 1, 0]), reduction=reduction)
    case("poissonNllLoss", F.poisson_nll_loss, n(4), torch.tensor([0.0, 1.0, 2.0, 7.0], dtype=torch.float64), full=True, reduction=reduction)
    case("gaussianNllLoss", F.gaussian_nll_loss, n(3, 2), n(3, 2), u(3), full=True, reduction=reduction)
    case("ctcLoss", F.ctc_loss, n(6, 2, 4), i([1, 2, 2], [3, 1, 0]), [6, 5], [3, 2], reduction=reduction)
case("poissonNllLoss", F.poisson_nll_loss, u(4), u(4), log_input=False)
case("klDiv", F.kl_div, n(3, 2), n(3, 2), log_target=True, reduction="batchmean")
case("ctcLoss", F.ctc_loss, n(5, 3, 3), i(1, 1, 0, 0), [5, 4, 3], [2, 1, 1], blank=2)
case("ctcLoss", F.ctc_loss, n(3, 2, 3), i([1, 1, 2], [1, 2, 2]), [3, 3], [2, 0], zero_infinity=True, reduction="sum")
case("multiMarginLoss", F.multi_margin_loss, n(4), torch.tensor(2))
case("multilabelMarginLoss", F.multilabel_margin_loss, n(4), i(1, 0, -1, 2))
case("smoothL1Loss", F.smooth_l1_loss, n(3), n(3), beta=0)
case("nllLoss", F.nll_loss, n(4), torch.tensor(2))
case("tripletMarginLoss", F.triplet_margin_loss, n(4), n(4), n(4), p=3)

# Dropout
for name, shape in (("dropout", (3, 4)), ("alphaDropout", (3, 4)), ("dropout1d", (2, 3, 2)), ("dropout1d", (3, 2)), ("dropout2d", (2, 3, 2, 2)), ("dropout2d", (3, 2, 2)), ("dropout3d", (2, 3, 1, 2, 2)), ("dropout3d", (3, 2, 1, 2)), ("featureAlphaDropout", (2, 3, 2))):
    f = {"alphaDropout": F.alpha_dropout, "featureAlphaDropout": F.feature_alpha_dropout}.get(name) or getattr(F, name)
    case(name, f, n(*shape), 0.4, True, seed=2)

# Embeddings
case("embeddingBag", F.embedding_bag, i([0, 2, 2], [1, 1, 3]), n(4, 3), mode="mean")
case("embeddingBag", F.embedding_bag, i(0, 2, 2, 1, 3), n(4, 3), offsets=i(0, 2, 2), mode="sum", per_sample_weights=n(5))
case("embeddingBag", F.embedding_bag, i(0, 2, 2, 1, 3), n(4, 3), offsets=i(0, 2, 2), mode="max")
case("embeddingBag", F.embedding_bag, i([0, 2, 2], [1, 1, 3]), n(4, 3), mode="max", padding_idx=2)
case("embeddingBag", F.embedding_bag, i(0, 2, 2, 1, 3), n(4, 3), offsets=i(0, 2, 5), mode="mean", include_last_offset=True, padding_idx=-2)
# PyTorch takes the frequency of another index where frequencies differ.
case("embeddingBag", F.embedding_bag, i([0, 2], [2, 0]), n(4, 3), mode="sum", scale_grad_by_freq=True)
case("oneHot", F.one_hot, i([0, 2], [1, 1]))
case("oneHot", F.one_hot, i(0, 2), 4)

# Sampling
for mode, shape in (("nearest", (1, 2, 5)), ("nearest-exact", (1, 2, 5)), ("linear", (1, 2, 5)), ("area", (1, 2, 5))):
    for target in ({"size": 3}, {"size": 8}, {"scale_factor": 1.7}, {"scale_factor": 0.6, "recompute_scale_factor": True}):
        case("interpolate", F.interpolate, n(*shape), mode=mode, **target)
for mode in ("bilinear", "bicubic"):
    for target in ({"size": [3, 7]}, {"scale_factor": [2.5, 0.7]}, {"size": [2, 9], "align_corners": True}, {"size": [2, 3], "antialias": True}, {"scale_factor": 0.45, "antialias": True}, {"size": [7, 9], "antialias": True}):
        case("interpolate", F.interpolate, n(1, 1, 5, 6), mode=mode, **target)
case("interpolate", F.interpolate, n(1, 2, 3, 4), scale_factor=2)
case("interpolate", F.interpolate, n(1, 1, 2, 3, 2), size=[3, 2, 4], mode="trilinear")
case("interpolate", F.interpolate, n(1, 1, 2, 3, 2), size=[3, 4, 4], mode="trilinear", align_corners=True)
case("interpolate", F.interpolate, n(1, 1, 2, 3, 2), scale_factor=2, mode="nearest")
case("interpolate", F.interpolate, n(1, 1, 4, 3, 5), size=[2, 2, 3], mode="area")
for mode in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        for corners in (True, False):
            case("gridSample", F.grid_sample, n(1, 2, 3, 4), (n(1, 3, 2, 2) * 1.2).detach().requires_grad_(), mode=mode, padding_mode=padding, align_corners=corners)
case("gridSample", F.grid_sample, n(1, 1, 2, 3, 2), n(1, 1, 2, 2, 3), padding_mode="border", align_corners=True)
case("gridSample", F.grid_sample, n(1, 1, 2, 3, 2), n(1, 1, 2, 2, 3), mode="nearest", padding_mode="reflection")
for corners in (True, False):
    case("affineGrid", F.affine_grid, n(2, 2, 3), [2, 1, 2, 3], align_corners=corners)
    case("affineGrid", F.affine_grid, n(1, 3, 4), [1, 1, 2, 1, 3], align_corners=corners)
case("unfold", F.unfold, n(2, 2, 4, 5), [2, 3], stride=[2, 1], padding=[1, 0])
case("unfold", F.unfold, n(1, 4, 5), 2, dilation=2)
case("fold", F.fold, n(2, 12, 15), [4, 5], [2, 3], stride=[2, 1], padding=[1, 1])
case("fold", F.fold, n(8, 6), [4, 5], 2, dilation=2)
case("pixelShuffle", F.pixel_shuffle, n(2, 8, 2, 3), 2)
case("pixelUnshuffle", F.pixel_unshuffle, n(1, 2, 4, 6), 2)
case("channelShuffle", lambda x, groups: torch.channel_shuffle(x, groups), n(1, 6, 2, 1).detach(), 3)

# Products
case("bilinear", F.bilinear, n(2, 3, 2), n(2, 3, 4), n(3, 2, 4), n(3))
case("scaledDotProductAttentionWithWeights", F._scaled_dot_product_attention, n(2, 3, 4), n(2, 5, 4), n(2, 5, 2), attn_mask=n(3, 5), need_attn_weights=True, rename={"need_attn_weights": "unused"})
case("scaledDotProductAttentionWithWeights", F._scaled_dot_product_attention, n(2, 2, 3, 4), n(2, 2, 3, 4), n(2, 2, 3, 4), is_causal=True, need_attn_weights=True, rename={"need_attn_weights": "unused"})


def attention(query, key, value, num_heads, in_proj_weight, in_proj_bias, out_proj_weight, out_proj_bias, **options):
    bias_k, bias_v = options.pop("bias_k", None), options.pop("bias_v", None)
    zero, dropout_p = options.pop("add_zero_attn", False), options.pop("dropout_p", 0.0)
    output, weights = F.multi_head_attention_forward(query, key, value, query.shape[-1], num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, zero, dropout_p, out_proj_weight, out_proj_bias, **options)
    return output if weights is None else (output, weights)


x = n(3, 2, 4)
common = {"num_heads": 2, "in_proj_weight": n(12, 4), "in_proj_bias": n(12), "out_proj_weight": n(4, 4), "out_proj_bias": n(4)}
case("multiHeadAttention", attention, x, x, x, **common)
case("multiHeadAttention", attention, n(3, 2, 4), n(5, 2, 4), n(5, 2, 4), **common, average_attn_weights=False, key_padding_mask=torch.tensor([[False, True, False, False, True], [False] * 5]), attn_mask=n(3, 5))
case("multiHeadAttention", attention, n(3, 4), n(5, 4), n(5, 4), **common, bias_k=n(1, 1, 4), bias_v=n(1, 1, 4), add_zero_attn=True, attn_mask=torch.ones(3, 5, dtype=torch.bool).triu(1))
case("multiHeadAttention", attention, n(2, 1, 4), n(3, 1, 3), n(3, 1, 2), **(common | {"in_proj_weight": None}), use_separate_proj_weight=True, q_proj_weight=n(4, 4), k_proj_weight=n(4, 3), v_proj_weight=n(4, 2), need_weights=False)
case("multiHeadAttention", attention, x, x, x, **common, dropout_p=0.5, training=True, seed=9)

FILE.write_bytes(gzip.compress("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows).encode(), 9, mtime=0))
print(FILE.name, len(rows), "cases", FILE.stat().st_size, "bytes")
