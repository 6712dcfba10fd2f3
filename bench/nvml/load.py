"""A load for bench_nvml: matrix products on the first GPU, without end or switched on and off.

    python3 load.py                 busy until ended
    python3 load.py --on 2 --off 2  two seconds busy, two at rest, and so on
"""

import argparse
import time

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--on", type=float, default=0.0)
parser.add_argument("--off", type=float, default=0.0)
parser.add_argument("--size", type=int, default=8192)
arguments = parser.parse_args()

a = torch.randn(arguments.size, arguments.size, device="cuda", dtype=torch.bfloat16)
b = torch.randn(arguments.size, arguments.size, device="cuda", dtype=torch.bfloat16)
while True:
    start = time.monotonic()
    while arguments.on == 0.0 or time.monotonic() - start < arguments.on:
        for _ in range(10):
            c = a @ b
        torch.cuda.synchronize()
    time.sleep(arguments.off)
