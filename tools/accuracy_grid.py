"""Measures how far each tactic can be taken before it costs accuracy, and writes docs/accuracy.md.

    python tools/accuracy_grid.py --data FOLDER [--program build/espalier] [--record out/accuracy.json]
                                  [--only TEXT] [--document-only]

FOLDER holds real models and labelled images, as its README describes them: models/NAME and images/NAME. With the models
of zoo/ they make the rows of the grid. Every cell is one run of `espalier evaluate --json --predictions`, compared with
the baseline image by image; the record keeps what was measured, so that a run which was cut off carries on.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "accuracy.md"
SEED = 1
AMOUNTS = {
    "local-pruning": [0.3, 0.5, 0.7, 0.8, 0.9],
    "global-pruning": [0.3, 0.5, 0.7, 0.8, 0.9],
    "block-pruning": [0.3, 0.5],
    "channel-pruning": [0.1, 0.2, 0.3],
}
PRECISIONS = ["dynamic-quantization", "static-quantization", "bf16"]

# Where calibration is None, it takes images of the same set that are not evaluated.
CIFAR = {"images": "images/cifar10_test_jpg", "calibration": "images/cifar10_calib_jpg", "count": 1000}
NIPS = {"images": "images/imagenet_nips2017", "calibration": None, "count": 300}
MNIST = {"images": "images/mnist_test_even", "calibration": None, "count": 1000}
REAL = {
    "resnet8_mlperftiny_cifar10": CIFAR,
    "resnet20_cifar10": CIFAR,
    "resnet56_cifar10": CIFAR,
    "densenet_uva_cifar10": CIFAR,
    "mnist_cnn_burn": MNIST,
    "mobilenet_v1_075_224": NIPS,
    "vit_tiny_patch16_224": NIPS,
}
ZOO = ["resnet-mini", "mobilenet_v2-mini", "vit-mini", "convnext-mini"]


def rows():
    """(model, its folder, settings) of every model; folders of zoo models are relative to the project."""
    for name in ZOO:
        yield name, ROOT, {"model": f"zoo/models/{name}", "images": "zoo/images/test",
                           "calibration": "zoo/images/calibration", "count": 1000}
    for name, settings in REAL.items():
        yield name, None, {"model": f"models/{name}", **settings}


def tactics():
    """Every treatment without repair, and whether repair can be added."""
    for name, amounts in AMOUNTS.items():
        for amount in amounts:
            yield f"{name}:{amount}", True
    for name in PRECISIONS:
        yield name, False


def composed(tactic, repaired):
    return tactic + ("+repair" if repaired else "") + "+compile"


def evaluate(program, folder, settings, tactic):
    command = [program, "evaluate", "--json", "--model", folder / settings["model"], "--data", folder / settings["images"],
               "--images", str(settings["count"]), "--seed", str(SEED), "--tactic", tactic]
    if settings["calibration"]:
        command += ["--calibration", folder / settings["calibration"]]
    with tempfile.TemporaryDirectory() as scratch:
        predictions = pathlib.Path(scratch) / "predictions.json"
        start = time.monotonic()
        run = subprocess.run([*map(str, command), "--predictions", str(predictions)], capture_output=True, text=True,
                             check=False)
        if run.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}\n{run.stderr.strip()}")
        seconds = time.monotonic() - start
        answers = json.loads(predictions.read_text())
    evidence = json.loads(run.stdout)["evidence"]
    right = [int(p == label) for p, label in zip(answers["predictions"], answers["labels"], strict=True)]
    # A tactic that found nothing to do gives the baseline's answers, which is not a result of the tactic.
    nothing = [note for note in evidence["notes"] if "found nothing to change" in note]
    calibration = evidence.get("calibration") or {}
    return {"right": "".join(map(str, right)), "seconds": round(seconds, 1), "nothing": nothing,
            "calibration_images": calibration.get("images"), "evaluated": calibration.get("evaluated")}


def measure(arguments, record):
    for name, folder, settings in rows():
        folder = folder or arguments.data
        wanted = ["baseline"]
        for tactic, repairable in tactics():
            wanted.append(composed(tactic, False))
            if repairable:
                wanted.append(composed(tactic, True))
        for tactic in wanted:
            known = record.setdefault(name, {})
            if tactic in known or arguments.only not in f"{name} {tactic}":
                continue
            known[tactic] = evaluate(arguments.program, folder, settings, tactic)
            top1 = known[tactic]["right"].count("1") / len(known[tactic]["right"])
            print(f"{name}  {tactic}  {100 * top1:.1f} %  {known[tactic]['seconds']} s", flush=True)
            arguments.record.parent.mkdir(parents=True, exist_ok=True)
            arguments.record.write_text(json.dumps(record, indent=1) + "\n")


def wilson(successes, trials):
    z = 1.959963984540054
    p = successes / trials
    center = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    return (0.0 if successes == 0 else center - half, 1.0 if successes == trials else center + half)


def newcombe(baseline, treated):
    """treated - baseline and its 95 % interval: method 10 of Newcombe (1998), as src/statistics/proportions.cpp."""
    pairs = [(b == "1", t == "1") for b, t in zip(baseline, treated, strict=True)]
    n = len(pairs)
    both, gained = pairs.count((True, True)), pairs.count((False, True))
    lost, neither = pairs.count((True, False)), pairs.count((False, False))
    root = math.sqrt((both + gained) * (lost + neither) * (both + lost) * (gained + neither))
    numerator = both * neither - gained * lost
    if numerator > 0:
        numerator = max(0.0, numerator - n / 2)
    phi = numerator / root if root else 0.0
    p1, p2 = (both + gained) / n, (both + lost) / n
    (low1, high1), (low2, high2) = wilson(both + gained, n), wilson(both + lost, n)

    def joined(a, b):
        return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

    return p1 - p2, p1 - p2 - joined(p1 - low1, high2 - p2), p1 - p2 + joined(high1 - p1, p2 - low2)


def limit_of(model, tactic):
    """Permitted loss: the project's bars for int8, one point for everything else."""
    if "quantization" not in tactic:
        return 0.01
    return 0.007 if "mobilenet" in model else 0.003


def cell(results, model, tactic):
    if tactic not in results:
        return "unknown"
    if results[tactic]["nothing"]:
        return "nothing to do"
    difference, low, high = newcombe(results["baseline"]["right"], results[tactic]["right"])
    limit = limit_of(model, tactic)
    # Half an image's worth of rounding must not turn a loss of exactly the limit into more.
    mark = " ✗" if difference < -limit - 1e-9 else " ?" if low <= -limit else ""
    return f"{100 * difference:+.1f} ({100 * low:+.1f} to {100 * high:+.1f}){mark}"


def largest_safe(results, model, name, repaired):
    """The largest amount up to which no observed loss exceeds the limit."""
    best = "-"
    for amount in AMOUNTS[name]:
        tactic = composed(f"{name}:{amount}", repaired)
        if tactic not in results:
            return "unknown"
        if results[tactic]["nothing"]:
            continue
        if newcombe(results["baseline"]["right"], results[tactic]["right"])[0] < -limit_of(model, tactic) - 1e-9:
            break
        best = str(amount)
    return best


def table(head, lines):
    out = ["| " + " | ".join(head) + " |", "|" + "-|" * len(head)]
    return "\n".join(out + ["| " + " | ".join(line) + " |" for line in lines])


def document(record):
    parts = [INTRODUCTION.format(seed=SEED, cifar=CIFAR["count"], nips=NIPS["count"], zoo=1000)]
    names = [name for name, _, _ in rows() if "baseline" in record.get(name, {})]
    lines = []
    for name in names:
        results = record[name]
        line = [f"`{name}`"]
        for tactic in AMOUNTS:
            line.append(" → ".join(largest_safe(results, name, tactic, repaired) for repaired in (False, True)))
        lines.append(line)
    parts.append("## Largest amount without a loss of more than one point, without → with repair\n\n" +
                 table(["model", *(f"`{name}`" for name in AMOUNTS)], lines) +
                 "\n\n- : the smallest amount tried already loses more.")
    lines = [[f"`{name}`"] + [cell(record[name], name, composed(tactic, False)) for tactic in PRECISIONS] for name in names]
    parts.append("## Precision\n\n" + table(["model", *(f"`{tactic}`" for tactic in PRECISIONS)], lines))
    for name in names:
        results = record[name]
        right = results["baseline"]["right"]
        calibration = {r["calibration_images"] for r in results.values() if r["calibration_images"]}
        lines = []
        for tactic, repairable in tactics():
            if repairable:
                lines.append([f"`{tactic}`"] + [cell(results, name, composed(tactic, repaired)) for repaired in (False, True)])
        looked = f"; {', '.join(map(str, sorted(calibration)))} calibration images" if calibration else ""
        parts.append(f"## {name}\n\nBaseline {100 * right.count('1') / len(right):.1f} % of {len(right)} images{looked}.\n\n" +
                     table(["tactic", "alone", "with `+repair`"], lines))
    return "\n\n".join(parts) + "\n"


INTRODUCTION = """# Accuracy of the tactics

Generated by `tools/accuracy_grid.py`. How far can each tactic be taken before it costs accuracy, and how much further with
[`+repair`](tactics.md#repair)? No tactic retrains anything.

A cell is the difference of top-1 to the baseline on the same images, in percentage points, with its 95 % interval
(Newcombe's paired method). ✗ marks an observed loss beyond the limit: 1 point, for int8 0.3 (0.7 for mobile networks).
? marks one within the limit whose interval reaches beyond it: more images would tell. Unknown is what was not measured.
Every treatment was composed with `compile`, which changes rounding only.

- Images: seed {seed}, spread over the classes; {cifar} CIFAR-10 test images (lossy copies, on which all networks lose about
  10 points against the originals), {nips} of 460 labelled photographs with ImageNet's classes, 1000 MNIST test images, {zoo}
  test images of the embedded zoo.
- Calibration, for `repair` and `static-quantization`: training images of CIFAR-10 and of the zoo; else images of the same
  set that are not evaluated. Labels are not used.
- `mobilenet`, `vit_tiny` and `resnet*_cifar10` are published checkpoints; the zoo's models are small ones trained for it."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, help="folder with models/ and images/")
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build" / "espalier")
    parser.add_argument("--record", type=pathlib.Path, default=ROOT / "out" / "accuracy.json")
    parser.add_argument("--only", default="", help="measure cells whose 'model tactic' contains this text")
    parser.add_argument("--document-only", action="store_true", help="write the page from the record")
    arguments = parser.parse_args()
    record = json.loads(arguments.record.read_text()) if arguments.record.exists() else {}
    if not arguments.document_only:
        if not arguments.data:
            sys.exit("name the folder of models and images with --data")
        measure(arguments, record)
    DOCUMENT.write_text(document(record))


if __name__ == "__main__":
    main()
