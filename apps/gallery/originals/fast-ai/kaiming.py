import math

import torch
from torch import nn

from digits import digits

lin = lambda x, w, b: x @ w + b
relu = lambda x: x.clamp_min(0)
stats = lambda x: f"mean {x.mean():.4f}, standard deviation {x.std():.4f}"


x_train, _, x_valid, _ = digits()
torch.manual_seed(0)
inputs, hidden = x_train.shape[1], 50
print("inputs:", stats(x_train))

b1 = torch.zeros(hidden)
print("weights N(0, 1):", stats(lin(x_valid, torch.randn(inputs, hidden), b1)))
w1 = torch.randn(inputs, hidden) / math.sqrt(inputs)
print("weights N(0, 1/m):", stats(lin(x_valid, w1, b1)))

print("then relu:", stats(relu(lin(x_valid, w1, b1))))
w2 = torch.randn(inputs, hidden) * math.sqrt(2 / inputs)
print("Kaiming's N(0, 2/m), then relu:", stats(relu(lin(x_valid, w2, b1))))
w3 = nn.init.kaiming_normal_(torch.zeros(inputs, hidden), mode="fan_out", nonlinearity="relu")
print("the library's, then relu:", stats(relu(lin(x_valid, w3, b1))))
print("the same, relu shifted by 0.5:", stats(relu(lin(x_valid, w3, b1)) - 0.5))

print("\nthrough fifty layers of 64:")
for name, scale in ("1", 1), ("0.01", 0.01), ("√(2/64)", math.sqrt(2 / 64)):
    x = x_valid
    for layer in range(50):
        x = relu(x @ (torch.randn(64, 64) * scale))
    print(f"scale {name}: standard deviation {x.std():.2e}")
