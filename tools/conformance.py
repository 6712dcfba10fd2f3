"""Compares Espalier's logits with those of transformers or timm on networks with seeded random weights.

    python tools/conformance.py [--scratch DIR] [--tactics baseline,compile] [--record] [--keep] [RECIPE...]

A RECIPE is a JSON file (see tools/conformance/reference.py), or the name of one in tools/conformance/zoo/, which holds
the 42 checkpoints of the zoo at full size; without any, all of those. Needs build/espalier_logits, and transformers
4.48.3, timm and torch. Prints a line per model and tactic; exits with 1 where a difference exceeds the tolerance.
--record keeps the figures in tools/conformance/results.json, from which tools/support_matrix.py makes the README's table.

The tolerance is 2e-4 of the largest logit: hundreds of layers, each of which rounds sums of thousands of products in
another order, move a logit by some 1e-6 to 1e-5 of its magnitude, and a mistake moves it by far more.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "conformance"))

import numpy as np  # noqa: E402
import reference  # noqa: E402

TOLERANCE = 2e-4
RESULTS = HERE / "conformance" / "results.json"
PROGRAM = HERE.parent / "build" / "espalier_logits"


def recipe_path(name):
    path = pathlib.Path(name)
    return path if path.exists() else HERE / "conformance" / "zoo" / f"{name.replace('/', '__')}.json"


def ours(folder, tactic):
    run = subprocess.run([PROGRAM, folder, tactic, "1"], capture_output=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.decode().strip())
    return np.frombuffer(run.stdout, dtype="<f4")


def compare(path, tactics, scratch, keep, results):
    recipe = json.loads(path.read_text())
    model = reference.build(recipe)
    reference.redraw(model, reference.seed_of(path.stem))
    folder = scratch / path.stem
    reference.save(model, recipe, folder)
    expected = reference.logits(model, reference.pixels((1, recipe.get("channels", 3), *recipe["image"])))[0].numpy()
    del model
    largest = float(np.abs(expected).max())
    passed = True
    for tactic in tactics:
        begin = time.monotonic()
        try:
            got = ours(folder, tactic)
            error = float(np.abs(got - expected).max()) / largest
            same = bool(got.argmax() == expected.argmax())
            results.setdefault(path.stem, {})[tactic] = {"difference": float(f"{error:.2e}"), "same_argmax": same}
            good = bool(error <= TOLERANCE) or tactic not in ("baseline", "compile")
            text = f"{error:9.2e}  argmax {'same' if same else 'DIFFERS'}"
        except (RuntimeError, ValueError) as problem:
            good, text = False, f"failed: {problem}"
        passed = passed and good
        print(f"{path.stem:58} {tactic:22} {text}  {'' if good else 'EXCEEDS'}  {time.monotonic() - begin:.1f} s",
              flush=True)
    if not keep:
        shutil.rmtree(folder)
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE")
    parser.add_argument("--tactics", default="baseline,compile")
    parser.add_argument("--scratch", type=pathlib.Path, help="where checkpoints go (default: a temporary folder)")
    parser.add_argument("--record", action="store_true", help="keep the figures in tools/conformance/results.json")
    parser.add_argument("--keep", action="store_true", help="keep the checkpoints")
    options = parser.parse_args()
    paths = [recipe_path(r) for r in options.recipes] or sorted((HERE / "conformance" / "zoo").glob("*.json"))
    results = json.loads(RESULTS.read_text()) if options.record and RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.scratch or pathlib.Path(temporary)
        passed = [compare(path, options.tactics.split(","), scratch, options.keep, results) for path in paths]
    if options.record:
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    print(f"{sum(passed)} of {len(passed)} models agree within {TOLERANCE} of the largest logit")
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
