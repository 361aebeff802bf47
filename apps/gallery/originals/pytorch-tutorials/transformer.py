import torch
from torch import nn
from torch.nn import functional as F

digits = 10
start = digits
length = 6


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(digits + 1, 32)
        self.position = nn.Embedding(length, 32)
        self.transformer = nn.Transformer(32, 4, 1, 1, dim_feedforward=64, dropout=0.0, batch_first=True)
        self.output = nn.Linear(32, digits)

    def forward(self, source, target):
        mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
        return self.output(self.transformer(self.embed(source), self.embed(target), tgt_mask=mask))

    def embed(self, tokens):
        return self.embedding(tokens) + self.position(torch.arange(tokens.shape[1]))


def delayed(target):
    return torch.cat([torch.full((target.shape[0], 1), start), target[:, :-1]], 1)


torch.manual_seed(0)
model = Translator()
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
print(model)

for step in range(1, 401):
    source = torch.randint(0, digits, (64, length))
    target = source.flip(1)
    optimizer.zero_grad()
    loss = F.cross_entropy(model(source, delayed(target)).flatten(0, 1), target.flatten())
    loss.backward()
    optimizer.step()
    if step == 1 or step % 50 == 0:
        print(f"step {step}: loss {loss.item():.3f}")

source = torch.randint(0, digits, (5, length))
written = torch.full((5, 1), start)
for i in range(length):
    with torch.no_grad():
        logits = model(source, written)[:, -1]
    written = torch.cat([written, logits.argmax(1, keepdim=True)], 1)
print("read:", source)
print("written:", written[:, 1:])
