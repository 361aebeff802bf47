import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
x = torch.rand(2, 4)
print(list(net(x).shape))

print("\nOne layer:")
for name, value in net[2].state_dict().items():
    print(name, value)
print(net[2].bias)
print(net[2].bias.data)
print("has a gradient:", net[2].weight.grad is not None)

print("\nAll at once:")
for name, parameter in net.named_parameters():
    print(name, list(parameter.shape))
print(net.state_dict()["2.bias"])

print("\nOf blocks in blocks:")
block = lambda: nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4), nn.ReLU())
blocks = nn.Sequential()
for i in range(4):
    blocks.add_module(f"block {i}", block())
nested = nn.Sequential(blocks, nn.Linear(4, 1))
print(nested)
print(nested.get_parameter("0.block 1.0.bias").data)

print("\nShared:")
shared = nn.Linear(8, 8)
tied = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), shared, nn.ReLU(), shared, nn.ReLU(), nn.Linear(8, 1))
tied[2].weight.data[0, 0] = 100
print("one object, not two that are equal:", tied[2].weight is tied[4].weight, tied[4].weight[0, 0])
print(len(list(tied.parameters())), "parameters,", len(tied.state_dict()), "names")
tied(x).sum().backward()
print(shared.bias.grad)
