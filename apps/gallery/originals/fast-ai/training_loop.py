import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from digits import digits
from fit import fit

batch_size, epochs, lr = 64, 2, 0.1
classes = 10

x_train, y_train, x_valid, y_valid = digits()
count, inputs = x_train.shape
torch.manual_seed(0)
start = torch.randn(inputs, classes) / math.sqrt(inputs)


def batches():
    for i in range(0, count, batch_size):
        yield x_train[i : i + batch_size], y_train[i : i + batch_size]


@torch.no_grad()
def report(name, model):
    output = model(x_valid)
    accuracy = (output.argmax(1) == y_valid).float().mean()
    print(name.ljust(28), f"loss {F.cross_entropy(output, y_valid):.4f} accuracy {accuracy:.4f}")


# 1. Nothing but tensors.
weights = start.clone().requires_grad_()
bias = torch.zeros(classes, requires_grad=True)
log_softmax = lambda x: x - x.exp().sum(-1, keepdim=True).log()
nll = lambda output, y: -output.gather(1, y.unsqueeze(1)).mean()
model = lambda x: log_softmax(x @ weights + bias)
for epoch in range(epochs):
    for x, y in batches():
        nll(model(x), y).backward()
        with torch.no_grad():
            for parameter in weights, bias:
                parameter -= parameter.grad * lr
                parameter.grad = None
report("tensors", model)

# 2. The functions of the library.
weights = start.clone().requires_grad_()
bias = torch.zeros(classes, requires_grad=True)
model = lambda x: x @ weights + bias
for epoch in range(epochs):
    for x, y in batches():
        F.cross_entropy(model(x), y).backward()
        with torch.no_grad():
            for parameter in weights, bias:
                parameter -= parameter.grad * lr
                parameter.grad = None
report("functional", model)


# 3. A module knows its parameters.
class Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.Parameter(start.clone())
        self.bias = nn.Parameter(torch.zeros(classes))

    def forward(self, x):
        return x @ self.weights + self.bias


model = Logistic()
for epoch in range(epochs):
    for x, y in batches():
        F.cross_entropy(model(x), y).backward()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter -= parameter.grad * lr
        model.zero_grad()
report("Module", model)


def linear():
    model = nn.Linear(inputs, classes)
    model.load_state_dict({"weight": start.t(), "bias": torch.zeros(classes)})
    return model


# 4. An optimizer moves them.
model = linear()
optimizer = torch.optim.SGD(model.parameters(), lr)
for epoch in range(epochs):
    for x, y in batches():
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
report("Linear and SGD", model)

# 5. A dataset and a loader cut the batches.
train = TensorDataset(x_train, y_train)
model = linear()
optimizer = torch.optim.SGD(model.parameters(), lr)
for epoch in range(epochs):
    for x, y in DataLoader(train, batch_size):
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
report("TensorDataset, DataLoader", model)

# 6. What all trainings have in common is a function.
model = linear()
valid = TensorDataset(x_valid, y_valid)
fit(epochs, model, F.cross_entropy, torch.optim.SGD(model.parameters(), lr), DataLoader(train, batch_size), DataLoader(valid, 2 * batch_size))
report("fit", model)
