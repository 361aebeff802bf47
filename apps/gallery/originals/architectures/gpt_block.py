import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, d_model, heads):
        super().__init__()
        self.heads = heads
        self.ln1 = nn.LayerNorm(d_model)
        self.qkv = nn.Linear(d_model, 3 * d_model)
        self.proj = nn.Linear(d_model, d_model)
        self.ln2 = nn.LayerNorm(d_model)
        self.fc = nn.Linear(d_model, 4 * d_model)
        self.out = nn.Linear(4 * d_model, d_model)

    def forward(self, x):
        x = x + self.proj(self.attend(self.ln1(x)))
        return x + self.out(F.gelu(self.fc(self.ln2(x))))

    def attend(self, x):
        batch, steps, d_model = x.shape
        q, k, v = [part.view(batch, steps, self.heads, -1).transpose(1, 2) for part in self.qkv(x).split(d_model, -1)]
        scores = q @ k.transpose(-2, -1) / (d_model // self.heads) ** 0.5
        later = torch.full((steps, steps), -torch.inf).triu(1)
        return ((scores + later).softmax(-1) @ v).transpose(1, 2).reshape(batch, steps, d_model)


if __name__ == "__main__":
    torch.manual_seed(0)
    block = Block(48, 4)
    print(block)
    print("parameters:", sum(parameter.numel() for parameter in block.parameters()))

    x = torch.randn(1, 6, 48)
    y = block(x)
    print("output:", list(y.shape))
    print(y[0, :, :4])

    changed = x.clone()
    changed[0, 5] = 0
    print("places that notice a change of the last:", (block(changed) != y).any(-1))
