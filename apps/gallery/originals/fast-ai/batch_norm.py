import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from digits import digits
from fit import fit


class BatchNorm(nn.Module):
    def __init__(self, features, momentum=0.1, eps=1e-5):
        super().__init__()
        self.momentum, self.eps = momentum, eps
        self.mults = nn.Parameter(torch.ones(features, 1, 1))
        self.adds = nn.Parameter(torch.zeros(features, 1, 1))
        self.register_buffer("means", torch.zeros(1, features, 1, 1))
        self.register_buffer("vars", torch.ones(1, features, 1, 1))

    def forward(self, x):
        mean, variance = self.update_stats(x) if self.training else (self.means, self.vars)
        return (x - mean) / (variance + self.eps).sqrt() * self.mults + self.adds

    def update_stats(self, x):
        mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
        with torch.no_grad():
            self.means.lerp_(mean, self.momentum)
            self.vars.lerp_(x.var((0, 2, 3), keepdim=True), self.momentum)
        return mean, variance


def network(norm):
    conv = lambda inputs, outputs: [nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), norm(outputs), nn.ReLU()]
    return nn.Sequential(nn.Unflatten(1, (1, 8, 8)), *conv(1, 16), *conv(16, 32), nn.Conv2d(32, 10, 3, stride=2, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten())


x_train, y_train, x_valid, y_valid = digits()
for name, norm in ("ours", BatchNorm), ("BatchNorm2d", nn.BatchNorm2d):
    torch.manual_seed(0)
    model = network(norm)
    print(f"{name}:")
    train = DataLoader(TensorDataset(x_train, y_train), 64, shuffle=True)
    valid = DataLoader(TensorDataset(x_valid, y_valid), 128)
    fit(2, model, F.cross_entropy, torch.optim.SGD(model.parameters(), 0.05, momentum=0.9), train, valid)
