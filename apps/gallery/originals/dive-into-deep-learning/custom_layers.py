import torch
from torch import nn
from torch.nn import functional as F


class CenteredLayer(nn.Module):
    def forward(self, x):
        return x - x.mean()


class MyLinear(nn.Module):
    def __init__(self, in_units, units):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(in_units, units))
        self.bias = nn.Parameter(torch.randn(units))

    def forward(self, x):
        return F.relu(x @ self.weight + self.bias)


torch.manual_seed(0)
print(CenteredLayer()(torch.tensor([1.0, 2, 3, 4, 5])))
centered = nn.Sequential(nn.Linear(8, 128), CenteredLayer())
print("mean of what is centred is about 0:", centered(torch.rand(4, 8)).mean().abs() < 1e-6)

linear = MyLinear(5, 3)
print(linear.weight)
print(linear(torch.rand(2, 5)))
net = nn.Sequential(MyLinear(64, 8), MyLinear(8, 1))
print(net)
print(net(torch.rand(2, 64)))
