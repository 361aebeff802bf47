import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from digits import digits
from fit import fit


def conv(inputs, outputs, kernel_size, stride=1, activate=True):
    layers = [nn.Conv2d(inputs, outputs, kernel_size, stride=stride, padding=kernel_size // 2, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([nn.ReLU()] if activate else []))


class ResBlock(nn.Module):
    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        second = conv(outputs, outputs, 3, activate=False)
        nn.init.zeros_(second[1].weight)
        self.convs = nn.Sequential(conv(inputs, outputs, 3, stride), second)
        self.idconv = nn.Identity() if inputs == outputs and stride == 1 else conv(inputs, outputs, 1, stride, False)

    def forward(self, x):
        return F.relu(self.convs(x) + self.idconv(x))


x_train, y_train, x_valid, y_valid = digits()
torch.manual_seed(0)
model = nn.Sequential(
    nn.Unflatten(1, (1, 8, 8)),
    conv(1, 16, 3),
    ResBlock(16, 16),
    ResBlock(16, 32, 2),
    ResBlock(32, 64, 2),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(64, 10),
)
print(model)

train = DataLoader(TensorDataset(x_train, y_train), 64, shuffle=True)
valid = DataLoader(TensorDataset(x_valid, y_valid), 128)
fit(2, model, F.cross_entropy, torch.optim.SGD(model.parameters(), 0.02, momentum=0.9), train, valid)
