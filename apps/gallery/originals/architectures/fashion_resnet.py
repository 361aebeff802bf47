#!/usr/bin/env python3
"""The ResNet-18 of src/architectures/fashion-resnet.ts in PyTorch, from the same numbers on.

    originals/architectures/fashion_resnet.py DIR [--steps 100] [--tested 1000]

DIR holds the four IDX files of Fashion-MNIST, compressed.
"""

import argparse
import gzip
import pathlib

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("directory", type=pathlib.Path)
parser.add_argument("--steps", type=int, default=100)
parser.add_argument("--tested", type=int, default=1000)
options = parser.parse_args()


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(BasicBlock(64, 64, 1), BasicBlock(64, 64, 1))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128, 1))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256, 1))
        self.layer4 = nn.Sequential(BasicBlock(256, 512, 2), BasicBlock(512, 512, 1))
        self.fc = nn.Linear(512, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def read(name):
    data = gzip.decompress((options.directory / f"{name}.gz").read_bytes())
    shape = [int.from_bytes(data[4 + 4 * d : 8 + 4 * d], "big") for d in range(data[3])]
    return torch.frombuffer(bytearray(data), dtype=torch.uint8, offset=4 + 4 * data[3]).view(shape)


part = lambda name: TensorDataset(read(f"{name}-images-idx3-ubyte").float().unsqueeze(1) * (1 / 255), read(f"{name}-labels-idx1-ubyte").long())
train, test = part("train"), part("t10k")
torch.manual_seed(0)
model = ResNet18(10, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)

step = 0
for images, labels in DataLoader(train, 16, shuffle=True):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    scheduler.step()
    step += 1
    if step % 20 == 0:
        print(f"step {step}: loss {loss.item():.4f}", flush=True)
    if step == options.steps:
        break

model.eval()
loss = right = 0
with torch.no_grad():
    for images, labels in DataLoader(Subset(test, range(options.tested)), 100):
        logits = model(images)
        loss += F.cross_entropy(logits, labels).item() * len(labels)
        right += (logits.argmax(1) == labels).sum().item()
print(f"{options.tested} images held out: loss {loss / options.tested:.4f}, accuracy {right / options.tested:.4f}")
