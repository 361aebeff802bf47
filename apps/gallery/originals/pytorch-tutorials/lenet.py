import torch
from torch import nn
from torch.nn import functional as F


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(x.flatten(1)))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


torch.manual_seed(0)
net = LeNet()
print(net)

parameters = list(net.parameters())
print(len(parameters), "parameters, the first of shape", list(parameters[0].shape))

input = torch.randn(1, 1, 32, 32)
output = net(input)
print(output)

target = torch.randn(1, 10)
loss = F.mse_loss(output, target)
print(loss)

net.zero_grad()
print("conv1.bias.grad before backward")
print(net.conv1.bias.grad)
loss.backward()
print("conv1.bias.grad after backward")
print(net.conv1.bias.grad)

optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
optimizer.step()
print("loss after one step:", F.mse_loss(net(input), target))
