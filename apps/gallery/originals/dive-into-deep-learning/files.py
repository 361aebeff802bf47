import os
import tempfile

import torch
from torch import nn


class MLP(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(20, 256), nn.ReLU(), nn.Linear(256, 10))


with tempfile.TemporaryDirectory() as directory:
    file = lambda name: os.path.join(directory, name)

    x = torch.arange(4)
    torch.save(x, file("x-file"))
    print(torch.load(file("x-file")))

    y = torch.zeros(4)
    torch.save([x, y], file("x-files"))
    x2, y2 = torch.load(file("x-files"))
    print(x2, y2)

    torch.save({"x": x, "y": y}, file("mydict"))
    print(torch.load(file("mydict")))

    torch.manual_seed(0)
    net = MLP()
    input = torch.randn(2, 20)
    output = net(input)
    torch.save(net.state_dict(), file("mlp.params"))

    clone = MLP()
    clone.load_state_dict(torch.load(file("mlp.params")))
    print(clone.eval())
    print("the same output:", torch.equal(clone(input), output))
