"""PyTorch as an engine of the bench: the protocol of protocol.ts, the work of torch_cases.py. BENCH_THREADS says how many threads."""
import json
import os
import sys
import time

THREADS = os.environ.get("BENCH_THREADS", "1")
# Read when torch is loaded.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = THREADS

import torch

import torch_cases

torch.set_num_threads(int(THREADS))
torch.manual_seed(0)


def measure(run, seconds):
    inner = 1

    def once():
        start = time.perf_counter()
        for _ in range(inner):
            run()
        return (time.perf_counter() - start) / inner

    first = once()
    if first > seconds:
        return [first]
    warm = time.perf_counter() + min(seconds, 0.3)
    while time.perf_counter() < warm:
        once()
    while once() * inner < 500e-6:
        inner *= 2
    samples = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(samples) < 2:
        samples.append(once())
    return samples


run = None
for line in sys.stdin:
    request = json.loads(line)
    try:
        if "prepare" in request:
            run = torch_cases.run(request["prepare"])
            run()
            answer = {"ready": True}
        else:
            answer = {"seconds": measure(run, request["measure"])}
    except KeyError:
        answer = {"unable": "not written for it here"}
    except Exception as error:
        answer = {"unable": str(error).split("\n")[0]}
    print(json.dumps(answer), flush=True)
