#!/usr/bin/env python3
"""The small GPT-2 of src/architectures/character-gpt.ts in PyTorch, from the same numbers on and with the same pieces of text.

    originals/architectures/character_gpt.py DIR [--steps 1000]

DIR holds the Brown corpus, the files ca01 to cr09.
"""

import argparse
import collections
import pathlib
import re

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, Subset

from gpt_block import Block

parser = argparse.ArgumentParser()
parser.add_argument("directory", type=pathlib.Path)
parser.add_argument("--steps", type=int, default=1000)
options = parser.parse_args()
context_length = 64


class GPT(nn.Module):
    def __init__(self, vocabulary_size, d_model, heads, layers):
        super().__init__()
        self.tok = nn.Embedding(vocabulary_size, d_model)
        self.pos = nn.Embedding(context_length, d_model)
        self.blocks = nn.ModuleList([Block(d_model, heads) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(d_model)
        self.head = nn.Linear(d_model, vocabulary_size, bias=False)

    def forward(self, tokens):
        x = self.tok(tokens) + self.pos(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.ln_f(x))


class Characters(Dataset):
    def __init__(self, text, numbers):
        self.ids = torch.tensor([numbers[character] for character in text])

    def __len__(self):
        return len(self.ids) - context_length

    def __getitem__(self, i):
        return self.ids[i : i + context_length], self.ids[i + 1 : i + 1 + context_length]


def sentences(path):
    for line in path.read_text("latin1").split("\n"):
        words = [token.rsplit("/", 1)[0] for token in line.split() if token.rfind("/") > 0]
        if words:
            yield " ".join(words)


files = sorted(path for path in options.directory.iterdir() if re.fullmatch(r"c[a-r]\d\d", path.name))
text = "\n".join(sentence for i, file in enumerate(files) if i % 10 != 9 for sentence in sentences(file))
held_out_text = "\n".join(sentence for i, file in enumerate(files) if i % 10 == 9 for sentence in sentences(file))
counts = collections.Counter(text + held_out_text)
characters = sorted(counts, key=lambda character: (-counts[character], character))
numbers = {character: i for i, character in enumerate(characters)}
train, held_out = Characters(text, numbers), Characters(held_out_text, numbers)
print(f"{len(text)} characters to learn from, {len(held_out_text)} held out, {len(characters)} different ones")

torch.manual_seed(0)
gpt = GPT(len(characters), 64, 4, 2)
optimizer = torch.optim.AdamW(gpt.parameters(), lr=0.003)
loss_of = lambda x, y: F.cross_entropy(gpt(x).flatten(0, 1), y.flatten())

step = 0
for x, y in DataLoader(train, 32, shuffle=True):
    optimizer.zero_grad()
    loss = loss_of(x, y)
    loss.backward()
    optimizer.step()
    step += 1
    if step % 100 == 0:
        print(f"step {step}: loss {loss.item():.4f}", flush=True)
    if step == options.steps:
        break

pieces = Subset(held_out, [i * context_length for i in range(500)])
with torch.no_grad():
    losses = [loss_of(x, y).item() for x, y in DataLoader(pieces, 50)]
print(f"held out: loss {sum(losses) / len(losses):.4f}")
