import math

import torch
from torch import nn
from torch.nn import functional as F

from digits import digits


class Layer:
    def __call__(self, *inputs):
        self.inputs = inputs
        return self.forward(*inputs)

    def backward(self, upstream):
        return self.gradient(upstream, *self.inputs)


class Relu(Layer):
    def forward(self, x):
        return x.clamp_min(0)

    def gradient(self, upstream, x):
        return (x > 0).float() * upstream


class Lin(Layer):
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        return x @ self.w + self.b

    def gradient(self, upstream, x):
        self.w.g = x.t() @ upstream
        self.b.g = upstream.sum(0)
        return upstream @ self.w.t()


class Mse(Layer):
    def forward(self, output, target):
        return (output.squeeze(-1) - target).pow(2).mean()

    def gradient(self, upstream, output, target):
        return 2 * (output.squeeze(-1) - target).unsqueeze(-1) / target.shape[0] * upstream


class Model:
    def __init__(self, layers):
        self.layers, self.loss = layers, Mse()

    def __call__(self, x, target):
        for layer in self.layers:
            x = layer(x)
        return self.loss(x, target)

    def backward(self):
        upstream = self.loss.backward(torch.tensor(1.0))
        for layer in reversed(self.layers):
            upstream = layer.backward(upstream)


x, y, _, _ = digits()
y = y.float()
torch.manual_seed(0)
inputs, hidden = x.shape[1], 50

first = Lin(torch.randn(inputs, hidden) * math.sqrt(2 / inputs), torch.zeros(hidden))
last = Lin(torch.randn(hidden, 1) / math.sqrt(hidden), torch.zeros(1))
model = Model([first, Relu(), last])
print("loss of our layers:", model(x, y))
model.backward()

net = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 1))
net.load_state_dict({"0.weight": first.w.t(), "0.bias": first.b, "2.weight": last.w.t(), "2.bias": last.b})
loss = F.mse_loss(net(x).squeeze(-1), y)
print("loss of the library's:", loss)
loss.backward()

for name, ours, theirs in (
    ("w1", first.w.g.t(), net[0].weight.grad),
    ("b1", first.b.g, net[0].bias.grad),
    ("w2", last.w.g.t(), net[2].weight.grad),
    ("b2", last.b.g, net[2].bias.grad),
):
    print(f"gradient of {name}: equal to the library's:", torch.allclose(ours, theirs, rtol=1e-3, atol=1e-5))
