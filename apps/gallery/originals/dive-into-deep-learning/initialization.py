import torch
from torch import nn


def init_normal(module):
    if type(module) == nn.Linear:
        nn.init.normal_(module.weight, mean=0, std=0.01)
        nn.init.zeros_(module.bias)


def init_constant(module):
    if type(module) == nn.Linear:
        nn.init.constant_(module.weight, 1)
        nn.init.zeros_(module.bias)


def init_xavier(module):
    if type(module) == nn.Linear:
        nn.init.xavier_uniform_(module.weight)


def init_42(module):
    if type(module) == nn.Linear:
        nn.init.constant_(module.weight, 42)


def my_init(module):
    if type(module) == nn.Linear:
        print("Init", *[f"{name} {'×'.join(map(str, param.shape))}" for name, param in module.named_parameters()][0:1])
        nn.init.uniform_(module.weight, -10, 10)
        module.weight.data *= module.weight.data.abs() >= 5


torch.manual_seed(0)
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

net.apply(init_normal)
print("normal:", net[0].weight.data[0], net[0].bias.data[0])

net.apply(init_constant)
print("constant:", net[0].weight.data[0], net[0].bias.data[0])

net[0].apply(init_xavier)
net[2].apply(init_42)
print("Xavier:", net[0].weight.data[0])
print("42:", net[2].weight.data)

net.apply(my_init)
print("my own:", net[0].weight[:2])

with torch.no_grad():
    net[0].weight.add_(1)
net[0].weight.data[0, 0] = 42
print("by hand:", net[0].weight.data[0])
print(list(net(torch.rand(2, 4)).shape))
