#!/usr/bin/env python3
"""The tagger of src/pytorch-tutorials/lstm-tagger.ts in PyTorch: same files, same numbers, same batches in the same order.

    originals/pytorch-tutorials/lstm_tagger.py DIR [--files 500] [--epochs 3]

DIR holds the Brown corpus, the files ca01 to cr09.
"""

import argparse
import collections
import pathlib
import re

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

parser = argparse.ArgumentParser()
parser.add_argument("directory", type=pathlib.Path)
parser.add_argument("--files", type=int, default=500)
parser.add_argument("--epochs", type=int, default=3)
options = parser.parse_args()


class LSTMTagger(nn.Module):
    def __init__(self, vocabulary_size, embedding_dim, hidden_dim, tags):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True, bidirectional=True)
        self.hidden2tag = nn.Linear(2 * hidden_dim, tags)

    def forward(self, words):
        states, _ = self.lstm(self.embedding(words))
        return self.hidden2tag(states)


def plain_tag(tag):
    return re.sub(r"(-(TL|HL|NC))+$", "", re.sub(r"^FW-", "", tag.upper()))


def read(path):
    for line in path.read_text("latin1").split("\n"):
        tokens = [token.rsplit("/", 1) for token in line.split() if token.rfind("/") > 0]
        if tokens:
            yield [word for word, _ in tokens], [plain_tag(tag) for _, tag in tokens]


def numbers(texts, specials=(), at_least=1):
    counts = collections.Counter(token for text in texts for token in text)
    frequent = sorted((token for token, count in counts.items() if count >= at_least), key=lambda token: (-counts[token], token))
    return {token: i for i, token in enumerate([*specials, *frequent])}


def batches_of(sentences, size=32):
    by_length = {}
    for sentence in sentences:
        by_length.setdefault(len(sentence[0]), []).append(sentence)
    return [same[i : i + size] for same in by_length.values() for i in range(0, len(same), size)]


files = sorted(path for path in options.directory.iterdir() if re.fullmatch(r"c[a-r]\d\d", path.name))[: options.files]
training = [sentence for i, file in enumerate(files) if i % 10 != 9 for sentence in read(file)]
held_out = [sentence for i, file in enumerate(files) if i % 10 == 9 for sentence in read(file)]
words = numbers((sentence for sentence, _ in training), ["<unk>"], 2)
tags = numbers(tags for _, tags in training)
print(f"{len(training)} sentences to learn from, {len(held_out)} held out; {len(words)} words, {len(tags)} tags")

torch.manual_seed(0)
model = LSTMTagger(len(words), 64, 64, len(tags))
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
print(model)

words_of = lambda batch: torch.tensor([[words.get(word, 0) for word in sentence] for sentence, _ in batch])
tags_of = lambda batch: torch.tensor([[tags[tag] for tag in sentence] for _, sentence in batch])
batches = batches_of(training)
loader = DataLoader(batches, batch_size=None, shuffle=True)
for epoch in range(1, options.epochs + 1):
    total = 0
    for batch in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(words_of(batch)).flatten(0, 1), tags_of(batch).flatten())
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: loss {total / len(batches):.4f}", flush=True)

names = list(tags)
answers = []
for batch in batches_of(held_out):
    with torch.no_grad():
        guesses = model(words_of(batch)).argmax(-1).flatten()
    asked = [(word, tag) for sentence in batch for word, tag in zip(*sentence)]
    answers += [(names[guess] == tag, word in words) for guess, (word, tag) in zip(guesses, asked)]
accuracy = lambda some: f"{100 * sum(right for right, _ in some) / len(some):.2f} %"
print(f"accuracy {accuracy(answers)}, of words that it knows {accuracy([a for a in answers if a[1]])}, of others {accuracy([a for a in answers if not a[1]])}")
