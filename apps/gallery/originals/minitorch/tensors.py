import math

import torch

float64 = torch.float64


class Linear(torch.nn.Module):
    def __init__(self, in_size, out_size):
        super().__init__()
        self.weights = torch.nn.Parameter((torch.rand(in_size, out_size, dtype=float64) - 0.5) * 2)
        self.bias = torch.nn.Parameter((torch.rand(out_size, dtype=float64) - 0.5) * 2)

    def forward(self, x):
        return x @ self.weights + self.bias


class Network(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.layer1, self.layer2, self.layer3 = Linear(2, hidden), Linear(hidden, hidden), Linear(hidden, 1)

    def forward(self, points):
        return self.layer3(self.layer2(self.layer1(points).relu()).relu()).sigmoid().flatten()


classes = {
    "Simple": lambda x1, x2: x1 < 0.5,
    "Diag": lambda x1, x2: x1 + x2 < 0.5,
    "Split": lambda x1, x2: x1 < 0.2 or x1 > 0.8,
    "Xor": lambda x1, x2: (x1 < 0.5 and x2 > 0.5) or (x1 > 0.5 and x2 < 0.5),
    "Circle": lambda x1, x2: (x1 - 0.5) ** 2 + (x2 - 0.5) ** 2 > 0.1,
}


def points_of(name, n):
    if name == "Spiral":
        along = lambda t: (0.5 + t * math.cos(t) / 20, 0.5 + t * math.sin(t) / 20)
        steps = [10 * (i + 5) / (n // 2) for i in range(n // 2)]
        points = [along(t) for t in steps] + [along(-t)[::-1] for t in steps]
        return torch.tensor(points, dtype=float64), torch.tensor([0.0] * (n // 2) + [1.0] * (n // 2))
    points = torch.rand(n, 2, dtype=float64, generator=torch.Generator().manual_seed(1))
    return points, torch.tensor([float(classes[name](*point)) for point in points.tolist()])


for name in [*classes, "Spiral"]:
    print(f"{name}:")
    torch.manual_seed(0)
    network = Network(20 if name == "Spiral" else 10)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.03)
    points, y = points_of(name, 50)
    for epoch in range(1, 501):
        optimizer.zero_grad()
        out = network(points)
        probabilities = out * y + (1 - out) * (1 - y)
        loss = -probabilities.log()
        loss.mean().backward()
        optimizer.step()
        correct = (probabilities > 0.5).sum().item()
        if epoch % 50 == 0 or correct == 50:
            print(f"epoch {epoch}: loss {loss.sum().item():.3f}, correct {correct} of 50")
        if correct == 50:
            break
