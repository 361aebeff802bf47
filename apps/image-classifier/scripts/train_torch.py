#!/usr/bin/env python3
"""The same training in PyTorch: same network, same recipe, same random numbers.

    scripts/train_torch.py --data-dir DIR --epochs 3 [--batch-size 32] [--lr 0.05] [--seed 0] [--limit N]

DIR holds the four IDX files of MNIST or Fashion-MNIST, plain or .gz. Prints one line of JSON for each epoch, with the names that
`image-classifier --json` uses, so that the two can be laid side by side.
"""

import argparse
import gzip
import json
import math
import pathlib
import resource
import time

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

parser = argparse.ArgumentParser()
parser.add_argument("--data-dir", type=pathlib.Path, required=True)
parser.add_argument("--epochs", type=int, required=True)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--limit", type=int)
options = parser.parse_args()


def read_idx(name):
    plain = options.data_dir / name
    data = plain.read_bytes() if plain.exists() else gzip.decompress((options.data_dir / f"{name}.gz").read_bytes())
    shape = [int.from_bytes(data[4 + 4 * d : 8 + 4 * d], "big") for d in range(data[3])]
    return torch.frombuffer(bytearray(data), dtype=torch.uint8, offset=4 + 4 * data[3]).view(shape)


def read_part(part):
    images = read_idx(f"{part}-images-idx3-ubyte").float().unsqueeze(1) * (1 / 255)
    return images, read_idx(f"{part}-labels-idx1-ubyte").long()


class LeNet(nn.Module):
    def __init__(self, size, channels, kernel_size, padding, norm):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels[0], kernel_size, padding=padding[0])
        self.norm1 = norm(channels[0])
        self.conv2 = nn.Conv2d(channels[0], channels[1], kernel_size, padding=padding[1])
        self.norm2 = norm(channels[1])
        for pad in padding:
            size = (size + 2 * pad - kernel_size + 1) // 2
        self.fc1 = nn.Linear(channels[1] * size * size, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x.flatten(1))))))


def one_cycle(highest, step, steps):
    warm = max(1, steps // 10)
    if step < warm:
        return highest * ((step + 1) / warm)
    return highest / 2 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))


train_images, train_labels = (part[: options.limit] for part in read_part("train"))
test_images, test_labels = read_part("t10k")

torch.manual_seed(options.seed)
size = train_images.shape[-1]
network = LeNet(8, (16, 32), 3, (1, 1), nn.BatchNorm2d) if size == 8 else LeNet(size, (6, 16), 5, (2, 0), nn.Identity)
optimizer = torch.optim.SGD(network.parameters(), options.lr, momentum=0.9, nesterov=True, weight_decay=1e-3)
# A loader of numbers: the order is that of a loader of images, and a batch of images is cut out at once.
batches = DataLoader(range(len(train_labels)), batch_size=options.batch_size, shuffle=True, collate_fn=torch.tensor)
test_batches = DataLoader(range(len(test_labels)), batch_size=256, collate_fn=torch.tensor)

step = 0
for epoch in range(1, options.epochs + 1):
    network.train()
    start = time.perf_counter()
    loss_sum = correct = 0
    for indices in batches:
        for group in optimizer.param_groups:
            group["lr"] = one_cycle(options.lr, step, options.epochs * len(batches))
        step += 1
        labels = train_labels[indices]
        logits = network(train_images[indices])
        loss = F.cross_entropy(logits, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(labels)
        correct += (logits.argmax(1) == labels).sum().item()
    seconds = time.perf_counter() - start
    network.eval()
    with torch.no_grad():
        # A loader here too: each epoch of one draws from the default generator.
        predictions = torch.cat([network(test_images[indices]).argmax(1) for indices in test_batches])
    images = len(train_labels)
    print(
        json.dumps(
            {
                "event": "epoch",
                "epoch": epoch,
                "epochs": options.epochs,
                "loss": loss_sum / images,
                "trainAccuracy": correct / images,
                "testAccuracy": (predictions == test_labels).float().mean().item(),
                "seconds": seconds,
                "imagesPerSecond": images / seconds,
                "residentBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        ),
        flush=True,
    )
