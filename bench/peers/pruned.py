"""What zeros are worth: pruned networks beside the same network dense, in our own engine, in turns.

    python pruned.py --espalier ../../build/bench/bench_worker [--models resnet50,vit_b_16] [--rounds 5] [--nice -20]

Batch 1, two threads. Magnitude pruning of random weights: speed depends on where zeros lie, not on what they cost; what
they cost is in docs/accuracy.md.
"""

import argparse
import pathlib
import random

import models
from compare import Cell
from contenders import Contender
from record import ROOT, header, write
from summary import fastest_ms, median_ms

# Each form with the dense one of its precision.
DENSE, DENSE_INT8 = "compile", "compile+dynamic-quantization"
FORMS = {DENSE: DENSE, **{f"{pruning}+{DENSE}": DENSE for pruning in (
    "local-pruning:0.3", "local-pruning:0.5", "local-pruning:0.8", "local-pruning:0.9",
    "global-pruning:0.5", "global-pruning:0.8", "global-pruning:0.9")},
    DENSE_INT8: DENSE_INT8, **{f"{pruning}+{DENSE_INT8}": DENSE_INT8 for pruning in (
        "block-pruning:0.5", "block-pruning:0.8")}}


def measure(model, arguments):
    models.ensure(model, arguments.work)
    cell = Cell(model, 1, 2, arguments)
    by_form = {form: Contender("espalier", form, "pruned") for form in FORMS}
    for contender in by_form.values():
        cell.prepare(contender)
    order = random.Random(models.SEED)
    for number in range(arguments.rounds):
        cell.take_turns(number, order)
    cell.finish()
    rows = {form: cell.rows[contender] for form, contender in by_form.items()}
    for form, row in rows.items():
        if "failed" in row:
            continue
        dense = rows[FORMS[form]]
        row["dense"] = FORMS[form]
        print(f"{model:12s} {form:48s} {median_ms(row):8.3f} ms, {median_ms(dense) / median_ms(row):.2f} times as fast "
              f"({fastest_ms(dense) / fastest_ms(row):.2f} of the fastest calls)", flush=True)
    return list(rows.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--espalier", type=pathlib.Path, default=ROOT / "build/bench/bench_worker")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "out/bench")
    parser.add_argument("--models", default="resnet50,vit_b_16")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slice", type=float, default=0.5)
    parser.add_argument("--patience", type=float, default=4)
    parser.add_argument("--nice", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=ROOT / "bench/results/pruned.json")
    arguments = parser.parse_args()
    arguments.work = arguments.work.absolute()
    rows = [row for model in arguments.models.split(",") for row in measure(model, arguments)]
    write(arguments.output, {**header("pruned"), "nice": arguments.nice, "rows": rows})


if __name__ == "__main__":
    main()
