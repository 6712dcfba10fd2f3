"""Espalier and its peers on the same models and images, in one interleaved run.

    python compare.py --espalier build/bench/bench_worker [--full] [--quick] [--models resnet50,...] [--batches 1,16]
                      [--threads 2] [--rounds 5] [--nice -20] [--contenders TEXT] [--output results/side_by_side.json]

For every model, batch and thread count each contender loads in a process of its own and answers all images, which are
compared with PyTorch's answers in float64. Then they take turns, in a new order every round; a turn is a slice of at
least --slice seconds and 3 calls. A slice counts as clean when its threads waited for a processor at most 1 % of the time
and everything else took at most 5 % of the machine. With --nice below 0 others may take what a contender leaves idle, and
10 % of waiting is allowed, which the median over calls hardly sees. Slices that are not clean are repeated, and what stays
so is marked. Every slice is kept in the results, which are written
after each round, so that an interrupted run leaves what it has. A contender that fails leaves a row that says why.
"""

import argparse
import json
import pathlib
import random
import signal
import statistics
import sys
import time

import numpy as np

import contenders
import models
from process import Died, Process, Watch, wait_until_quiet
from record import ROOT, header, write
from summary import disturbed, median_ms

FOREIGN, WAITED, WAITED_AMONG_OTHERS = 0.05, 0.01, 0.1


def agreement(logits, reference):
    """How far the answers are from the reference's: the bar of fp32, and what int8 is judged by."""
    spread, theirs = reference - reference.mean(0), logits - reference.mean(0)
    cosine = float((spread * theirs).sum() / (np.linalg.norm(spread) * np.linalg.norm(theirs) + 1e-30))
    return {"largest_difference": float(np.abs(logits - reference).max() / np.abs(reference).max()),
            "same_class": float((logits.argmax(1) == reference.argmax(1)).mean()),
            "cosine_of_differences_between_images": cosine}


class Cell:
    """One model, batch size and thread count: its contenders, loaded, and their rows."""

    def __init__(self, model, batch, threads, settings):
        self.model, self.batch, self.threads, self.settings = model, batch, threads, settings
        self.folder = settings.work / model
        self.reference = np.fromfile(self.folder / "reference.f32", np.float32).reshape(models.IMAGES, -1)
        self.processes, self.rows = {}, {}

    def row(self, contender):
        return {"model": self.model, "batch": self.batch, "threads": self.threads, "contender": contender.name,
                "peer": contender.peer, "form": contender.form, "precision": contender.precision, "slices": []}

    def prepare(self, contender):
        row = self.rows[contender] = self.row(contender)
        process = Process(contender, self.settings.espalier,
                          self.settings.work / f"{contender.name.replace(' ', '-')}.log", self.settings.nice)
        try:
            loaded = process.ask(do="load", peer=contender.peer, form=contender.form, model=self.model,
                                 folder=str(self.folder), batch=self.batch, threads=self.threads)
            if "error" in loaded:
                raise Died(loaded["error"])
            row.update(version=loaded["version"], load_s=round(loaded["load_s"], 4))
            answers = self.folder / "answers.f32"
            answered = process.ask(do="answer", output=str(answers))
            if "error" in answered:
                raise Died(answered["error"])
            row["agreement"] = agreement(np.fromfile(answers, np.float32).reshape(models.IMAGES, -1), self.reference)
            if contender.precision == "fp32" and not row["agreement"]["largest_difference"] < 1e-3:
                raise Died("answers differ from PyTorch's by "
                           f"{row['agreement']['largest_difference']:.1e} of the largest logit; not timed")
            # The first slice warms up and tells how long a call takes.
            process.ask(do="measure", seconds=0.2, calls=2, warmup=1)
            self.processes[contender] = process
        except Died as why:
            self.fail(contender, str(why))
            process.stop()

    def fail(self, contender, why):
        self.rows[contender]["failed"] = why
        if process := self.processes.pop(contender, None):
            process.stop()
        print(f"  {self.model} batch {self.batch}: {contender.name}: {why}", flush=True)

    def slice_of(self, contender, round_number):
        """Measures until a slice is clean or patience ends; keeps the cleanest."""
        process, best = self.processes[contender], None
        deadline = time.monotonic() + self.settings.patience
        while best is None or (not best["clean"] and time.monotonic() < deadline):
            if not self.settings.nice:
                wait_until_quiet(FOREIGN, self.settings.patience)
            try:
                with Watch(process) as watch:
                    said = process.ask(do="measure", seconds=self.settings.slice, calls=3, warmup=1)
            except Died as why:
                return self.fail(contender, str(why))
            if "error" in said:
                return self.fail(contender, said["error"])
            times = said["latencies_ms"]
            now = {"round": round_number, "median_ms": round(statistics.median(times), 4),
                   "p95_ms": round(float(np.quantile(times, 0.95)), 4), "fastest_ms": round(min(times), 4),
                   "calls": len(times), "foreign": round(watch.foreign, 4), "waited": round(watch.waited, 4)}
            now["clean"] = (watch.waited <= WAITED_AMONG_OTHERS if self.settings.nice < 0 else
                            watch.waited <= WAITED and watch.foreign <= FOREIGN)
            if best is None or (now["clean"], -now["waited"]) > (best["clean"], -best["waited"]):
                best = now
        self.rows[contender]["slices"].append(best)

    def take_turns(self, round_number, order):
        turns = list(self.processes)
        order.shuffle(turns)
        for contender in turns:
            self.slice_of(contender, round_number)

    def finish(self):
        for contender, process in self.processes.items():
            try:
                self.rows[contender]["peak_rss_mib"] = round(process.ask(do="rss")["peak_rss_mib"], 1)
            except Died:
                pass
            process.stop()
        self.processes = {}


def show(rows):
    for row in sorted((r for r in rows if r["slices"]), key=median_ms):
        print(f"  {row['model']:16s} b{row['batch']:<3d} t{row['threads']} {row['precision']:5s} {row['contender']:40s}"
              f"{median_ms(row):10.3f} ms   worst round {max(s['median_ms'] for s in row['slices']):9.3f}   "
              f"same class {row['agreement']['same_class']:.2f}" + ("   disturbed" if disturbed(row) else ""), flush=True)


def run(arguments, document, save):
    chosen = [c for c in contenders.CONTENDERS
              if (c.quick or not arguments.quick) and any(t in c.name for t in arguments.contenders.split(","))]
    order = random.Random(models.SEED)
    for model in arguments.models.split(","):
        print(f"{model}: preparing", flush=True)
        models.ensure(model, arguments.work)
        for threads in map(int, arguments.threads.split(",")):
            for batch in map(int, arguments.batches.split(",")):
                cell = Cell(model, batch, threads, arguments)
                try:
                    for contender in chosen:
                        if not contender.only or model in contender.only:
                            cell.prepare(contender)
                    for round_number in range(arguments.rounds):
                        cell.take_turns(round_number, order)
                        save(document["rows"] + list(cell.rows.values()))
                    cell.finish()
                finally:
                    document["rows"] += list(cell.rows.values())
                    for process in cell.processes.values():
                        process.stop()
                show(cell.rows.values())


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--espalier", type=pathlib.Path, default=ROOT / "build/bench/bench_worker")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "out/bench")
    parser.add_argument("--models", default=",".join(models.NAMES))
    parser.add_argument("--batches", default="1,16")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--contenders", default="", help="only those whose name contains one of these, comma separated")
    parser.add_argument("--full", action="store_true", help="one and two threads")
    parser.add_argument("--quick", action="store_true", help="only the contenders that are usually fastest")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slice", type=float, default=0.6, help="seconds of a turn, at least")
    parser.add_argument("--patience", type=float, default=20, help="seconds to try for a clean slice")
    parser.add_argument("--nice", type=int, default=0, help="niceness of what is measured, e.g. -20 (needs root): puts "
                        "all contenders alike before what else the machine does")
    parser.add_argument("--keep", action="store_true", help="keep the rows of the results that this run does not measure")
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "bench/results/side_by_side.json")
    arguments = parser.parse_args()
    if arguments.full:
        arguments.threads = "1,2"
    if not arguments.espalier.exists():
        parser.error(f"{arguments.espalier} is not there; build it: make bench does")
    unknown = set(arguments.models.split(",")) - set(models.NAMES)
    if unknown:
        parser.error(f"unknown model {', '.join(sorted(unknown))}; known are {', '.join(models.NAMES)}")
    arguments.work = arguments.work.absolute()
    return arguments


def place(row):
    return row["model"], row["batch"], row["threads"], row["contender"]


def rows_to_keep(arguments, this_machine):
    """With --keep, the rows that the results hold already, from the same machine."""
    if not arguments.keep or not arguments.output.exists():
        return []
    before = json.loads(arguments.output.read_text())
    if before["machine"] != this_machine:
        sys.exit(f"{arguments.output} is from another machine, {before['machine']['cpu']}; leave out --keep to replace it")
    return before["rows"]


def interrupt(number, frame):
    raise KeyboardInterrupt


def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    arguments = parse()
    settings = {k: str(v) for k, v in vars(arguments).items() if k not in ("espalier", "work", "output")}
    document = {**header("side-by-side"), "settings": settings, "complete": False, "rows": []}

    kept = rows_to_keep(arguments, document["machine"])

    def save(rows):
        now = {place(row) for row in rows}
        write(arguments.output, dict(document, rows=[row for row in kept if place(row) not in now] + rows))

    arguments.work.mkdir(parents=True, exist_ok=True)
    try:
        run(arguments, document, save)
        document["complete"] = True
    except KeyboardInterrupt:
        print("interrupted: what was measured is kept", flush=True)
    save(document["rows"])
    return 0 if document["complete"] else 130


if __name__ == "__main__":
    sys.exit(main())
