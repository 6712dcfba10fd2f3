#!/usr/bin/env python3
"""Every tool on every machine of scenarios.py → bench/results/measurement.json.  Needs root; run.sh starts it."""

import argparse
import concurrent.futures
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import judge
import scenarios

HERE = pathlib.Path(__file__).resolve().parent
RESULTS = HERE.parent / "results/measurement.json"
TOOLS = ("espalier", "codecarbon", "zeus")
LATEST_PLANT = 0.02  # seconds that a counter may have been behind; beyond, the machine was too busy to be a reference
TRIES = 3


def run_once(arguments, scenario, tool):
    with tempfile.TemporaryDirectory(prefix="espalier-plant-") as folder:
        os.chmod(folder, 0o755)
        job = pathlib.Path(folder) / "job.json"
        mount = pathlib.Path(folder) / "plant"
        mount.mkdir()
        job.write_text(json.dumps({"scenario": scenario.key, "tool": tool, "folder": str(mount),
                                   "espalier": str(arguments.build / "espalier"), "plant": str(arguments.build / "bench_plant"),
                                   "nvml": str(arguments.build / "nvml_plant"), "python": sys.executable}))
        done = subprocess.run(["unshare", "--mount", sys.executable, HERE / "machine.py", job], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{tool} on {scenario.key}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)


def run(arguments, scenario, tool):
    """A run during which the plant was late is repeated: its counters were no reference."""
    for attempt in range(TRIES):
        result = run_once(arguments, scenario, tool)
        if result["plant_late_s"] <= LATEST_PLANT:
            break
    result["attempts"] = attempt + 1
    print(f"{scenario.key:14} {tool:11} exit {result['exit_code']}, plant late by at most "
          f"{1e3 * result['plant_late_s']:.1f} ms", file=sys.stderr, flush=True)
    return result


def versions(arguments):
    shown = subprocess.run([arguments.build / "espalier", "--version"], capture_output=True, text=True).stdout.split()[-1]
    return {"espalier": shown, **{tool: importlib.metadata.version(tool) for tool in TOOLS[1:]},
            "python": platform.python_version(), "linux": platform.release()}


def refused(run_):
    """A tool that told nothing at all refused every window."""
    return {"window": 0, "start_s": 0.0, "end_s": 1.0, "energies": {}, "said": [run_["stderr"].strip()[-600:]],
            "error": None, "truth_j": 1.0, "meters": []}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=lambda text: pathlib.Path(text).resolve(), required=True,
                        help="folder with espalier, bench_plant and nvml_plant/")
    parser.add_argument("--only", nargs="*", help="keys of scenarios; the results of the others are kept")
    parser.add_argument("--tools", nargs="*", default=TOOLS)
    parser.add_argument("--jobs", type=int, default=4, help="machines at a time; they sleep most of it")
    arguments = parser.parse_args()
    chosen = [s for s in scenarios.SCENARIOS if not arguments.only or s.key in arguments.only]
    cells = {}
    if RESULTS.exists():
        cells = {(c["scenario"], c["tool"]): c for c in json.loads(RESULTS.read_text())["cells"]}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        todo = [(s, t, pool.submit(run, arguments, s, t)) for s in chosen for t in arguments.tools]
        for scenario, tool, future in todo:
            result = future.result()
            if not result["windows"]:
                result["windows"] = [refused(result) for _ in range(scenario.windows)]
            cells[scenario.key, tool] = judge.summarize(result, scenario.parts)
    order = [(s.key, t) for s in scenarios.SCENARIOS for t in TOOLS]
    lines = ",\n".join(json.dumps(cells[key]) for key in order if key in cells)
    head = {"date": datetime.date.today().isoformat(), "versions": versions(arguments), "right_within": judge.RIGHT}
    RESULTS.write_text(f'{json.dumps(head)[:-1]},\n"cells": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
