import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.LazyLinear(256), nn.ReLU(), nn.LazyLinear(10))
print(net)
net(torch.rand(2, 20))
print(net)
for name, parameter in net.named_parameters():
    print(name, list(parameter.shape))
