import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from digits import digits
from fit import fit


class Lambda(nn.Module):
    def __init__(self, compute):
        super().__init__()
        self.compute = compute

    def forward(self, x):
        return self.compute(x)


x_train, y_train, x_valid, y_valid = digits()
torch.manual_seed(0)
model = nn.Sequential(
    Lambda(lambda x: x.view(-1, 1, 8, 8)),
    nn.Conv2d(1, 16, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 16, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 10, 3, stride=2, padding=1),
    nn.AdaptiveAvgPool2d(1),
    Lambda(lambda x: x.flatten(1)),
)
print(model)

train = DataLoader(TensorDataset(x_train, y_train), 64, shuffle=True)
valid = DataLoader(TensorDataset(x_valid, y_valid), 128)
fit(5, model, F.cross_entropy, torch.optim.SGD(model.parameters(), 0.1, momentum=0.9), train, valid)
