"""What a busy neighbour costs: each contender alone, and beside one process that burns a processor.

    python neighbour.py --espalier ../../build/bench/bench_worker [--models resnet50] [--rounds 7] [--nice -20]

Batch 1, two threads. Alone and beside the neighbour take turns within each round; calls of all rounds are pooled for the
median and the 95th percentile. With --nice both the contender and the neighbour get that niceness, so that they compete
as equals while what else runs on the machine hardly counts.
"""

import argparse
import pathlib
import random
import subprocess
import sys

import contenders
import models
import numpy as np
from compare import Cell
from process import own_session
from record import ROOT, header, write

CHOSEN = ("espalier compile", "onnxruntime fp32", "openvino fp32", "torch fp32-eager", "ncnn fp32")


class Neighbour:
    """A process that computes without end on whatever processor it is given."""

    def __init__(self, nice):
        self.nice = nice

    def __enter__(self):
        self.child = subprocess.Popen([sys.executable, "-c", "while True: pass"], preexec_fn=own_session(self.nice))

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()


def calls(process, arguments):
    said = process.ask(do="measure", seconds=arguments.slice, calls=10, warmup=2)
    return said["latencies_ms"]


def measure(model, arguments):
    models.ensure(model, arguments.work)
    cell = Cell(model, 1, 2, arguments)
    for contender in contenders.CONTENDERS:
        if contender.name in CHOSEN:
            cell.prepare(contender)
    alone, busy = {c: [] for c in cell.processes}, {c: [] for c in cell.processes}
    order = random.Random(models.SEED)
    for _ in range(arguments.rounds):
        turns = list(cell.processes)
        order.shuffle(turns)
        for contender in turns:
            alone[contender] += calls(cell.processes[contender], arguments)
            with Neighbour(arguments.nice):
                busy[contender] += calls(cell.processes[contender], arguments)
    cell.finish()
    for contender in alone:
        figures = {f"{when}_{what}_ms": round(float(np.quantile(times[contender], q)), 4)
                   for when, times in (("alone", alone), ("busy", busy)) for what, q in (("median", 0.5), ("p95", 0.95))}
        print(f"{model:14s} {contender.name:24s} {figures}", flush=True)
        yield {"model": model, "contender": contender.name, "calls": len(busy[contender]), **figures}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--espalier", type=pathlib.Path, default=ROOT / "build/bench/bench_worker")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "out/bench")
    parser.add_argument("--models", default="resnet50,mobilenet_v2,vit_b_16")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slice", type=float, default=1.0)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "bench/results/neighbour.json")
    arguments = parser.parse_args()
    arguments.work = arguments.work.absolute()
    rows = [row for model in arguments.models.split(",") for row in measure(model, arguments)]
    write(arguments.output, {**header("neighbour"), "nice": arguments.nice, "rows": rows})


if __name__ == "__main__":
    main()
