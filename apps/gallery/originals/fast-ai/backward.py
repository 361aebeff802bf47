import math

import torch

from digits import digits

lin = lambda x, w, b: x @ w + b
relu = lambda x: x.clamp_min(0)
mse = lambda output, target: (output.squeeze(-1) - target).pow(2).mean()


def mse_grad(input, target):
    input.g = 2 * (input.squeeze(-1) - target).unsqueeze(-1) / input.shape[0]


def relu_grad(input, output):
    input.g = (input > 0).float() * output.g


def lin_grad(input, output, w, b):
    input.g = output.g @ w.t()
    w.g = input.t() @ output.g
    b.g = output.g.sum(0)


x, y, _, _ = digits()
y = y.float()
torch.manual_seed(0)
inputs, hidden = x.shape[1], 50
w1 = torch.randn(inputs, hidden) * math.sqrt(2 / inputs)
b1 = torch.zeros(hidden)
w2 = torch.randn(hidden, 1) / math.sqrt(hidden)
b2 = torch.zeros(1)

l1 = lin(x, w1, b1)
l2 = relu(l1)
out = lin(l2, w2, b2)
print("loss:", mse(out, y))

mse_grad(out, y)
lin_grad(l2, out, w2, b2)
relu_grad(l1, l2)
lin_grad(x, l1, w1, b1)

leaves = [leaf.clone().requires_grad_() for leaf in (x, w1, b1, w2, b2)]
x0, w10, b10, w20, b20 = leaves
mse(lin(relu(lin(x0, w10, b10)), w20, b20), y).backward()

for name, leaf, other in zip(("x", "w1", "b1", "w2", "b2"), (x, w1, b1, w2, b2), leaves):
    print(f"gradient of {name}, shape {'×'.join(map(str, leaf.shape))}: equal to the library's:", torch.allclose(leaf.g, other.grad, rtol=1e-3, atol=1e-5))
print(b2.g)
