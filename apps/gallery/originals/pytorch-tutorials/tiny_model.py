import torch
from torch import nn


class TinyModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1 = nn.Linear(100, 200)
        self.activation = nn.ReLU()
        self.linear2 = nn.Linear(200, 10)
        self.softmax = nn.Softmax()

    def forward(self, x):
        hidden = self.activation(self.linear1(x))
        return self.softmax(self.linear2(hidden))


torch.manual_seed(0)
model = TinyModel()

print("The model:")
print(model)

print("\nJust one layer:")
print(model.linear2)

print("\nModel params:")
for parameter in model.parameters():
    print(parameter)

print("\nLayer params:")
for parameter in model.linear2.parameters():
    print(parameter)
