import torch


def fit(epochs, model, loss_of, optimizer, train, valid):
    for epoch in range(1, epochs + 1):
        model.train()
        for x, y in train:
            loss_of(model(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()

        model.eval()
        loss = right = count = 0
        with torch.no_grad():
            for x, y in valid:
                output = model(x)
                loss += loss_of(output, y).item() * len(y)
                right += (output.argmax(1) == y).sum().item()
                count += len(y)
        print(f"epoch {epoch}: loss {loss / count:.4f}, accuracy {right / count:.4f}")
