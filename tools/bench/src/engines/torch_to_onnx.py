"""Writes a forward case of torch_cases.py as an ONNX model: torch_to_onnx.py CASE FILE. Prints the inputs' names, types and shapes as JSON."""
import json
import sys

import torch

import torch_cases

name, file = sys.argv[1:]
if name not in torch_cases.FORWARD:
    sys.exit("runs models, and does not train")
torch.manual_seed(0)
module, inputs = torch_cases.FORWARD[name]()
names = [f"input{i}" for i in range(len(inputs))]
torch.onnx.export(module, inputs, file, input_names=names, opset_version=17, do_constant_folding=True)
print(json.dumps([{"name": n, "type": str(x.dtype).split(".")[-1], "shape": list(x.shape)} for n, x in zip(names, inputs)]))
