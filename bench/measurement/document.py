"""Writes docs/head_to_head.md from bench/results/measurement.json, so that it says what was measured and nothing else.

    python document.py [--check]

--check writes nothing and fails when the page is not what the results give.
"""

import json
import pathlib
import sys

import judge
import scenarios

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/head_to_head.md"
TOOLS = ("espalier", "codecarbon", "zeus")
NAMES = {"espalier": "Espalier", "codecarbon": "codecarbon", "zeus": "zeus"}


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "-|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def percent(value, signed=False):
    if value is None:
        return "-"
    figure = 100 * value
    digits = 2 if abs(figure) < 1 else 1 if abs(figure) < 100 else 0
    return f"{figure:{'+' if signed else ''}.{digits}f} %"


def counts(cell):
    words = {"right": "right", "flagged": "wrong, said so", "silent": "**silently wrong**", "refused": "refused"}
    return ", ".join(f"{cell[kind]} {words[kind]}" for kind in judge.KINDS if cell[kind])


def shown(cell):
    if cell is None:
        return "not run"
    if cell["median_error"] is None:
        return counts(cell)
    return f"{counts(cell)}; {percent(cell['median_error'])}, worst {percent(cell['worst_error'], signed=True)}"


def quoted(text):
    words = " ".join(text.replace("|", "/").replace("`", "'").split())
    return f"`{words[:200]}{'…' if len(words) > 200 else ''}`"


def sayings(cells):
    lines = []
    for scenario in scenarios.SCENARIOS:
        found = [cells.get((scenario.key, tool)) for tool in TOOLS]
        if all(cell is None or cell["right"] == cell["windows"] for cell in found):
            continue
        lines.append(f"\n**{scenario.what}**\n")
        for cell in found:
            if cell is None:
                continue
            said = "; ".join(quoted(text) for text in cell["said"][:3]) or "nothing"
            lines.append(f"- {NAMES[cell['tool']]} ({counts(cell)}): {said}")
    return "\n".join(lines)


def overhead(cells):
    rows = []
    for scenario in scenarios.SCENARIOS:
        if scenario.seconds < 1:
            continue
        row = [cells.get((scenario.key, tool)) for tool in TOOLS]
        if all(row):
            rows.append((scenario.what, *(percent(cell["cpu_share"]) for cell in row)))
    return table(("machine", *(NAMES[tool] for tool in TOOLS)), rows)


def better_peers(cells):
    """Machines on which a peer was right in more windows than Espalier, or silently wrong in fewer."""
    lines = []
    for scenario in scenarios.SCENARIOS:
        ours = cells.get((scenario.key, "espalier"))
        for tool in TOOLS[1:]:
            peer = cells.get((scenario.key, tool))
            if not ours or not peer:
                continue
            if peer["right"] > ours["right"] or peer["silent"] < ours["silent"]:
                lines.append(f"- {scenario.what}: {NAMES[tool]} {counts(peer)}; Espalier {counts(ours)}")
    return "\n".join(lines) or "None."


def bounds(cells):
    """How often the largest error that Espalier states with an energy covered the error."""
    held, told, broken = 0, 0, []
    for scenario in scenarios.SCENARIOS:
        cell = cells.get((scenario.key, "espalier"))
        if cell is None:
            continue
        rows = [(abs(answer - truth), bound) for answer, truth, bound
                in zip(cell["answers_j"], cell["truths_j"], cell["bounds_j"]) if answer is not None]
        beyond = sum(off > bound for off, bound in rows)
        held, told = held + len(rows) - beyond, told + len(rows)
        if beyond:
            broken.append(f"- {scenario.what}: {beyond} of {len(rows)}")
    return (f"Espalier states the largest error with each energy. It covered the error in {held} of {told} windows; beyond it "
            "lay:\n\n" + "\n".join(broken))


def totals(data):
    rows = []
    for tool in TOOLS:
        cells = [cell for cell in data["cells"] if cell["tool"] == tool]
        rows.append((NAMES[tool], sum(cell["windows"] for cell in cells),
                     *(sum(cell[kind] for cell in cells) for kind in judge.KINDS)))
    return table(("tool", "windows", "right", "wrong, said so", "silently wrong", "refused"), rows)


def page(data):
    cells = {(cell["scenario"], cell["tool"]): cell for cell in data["cells"]}
    rows = [(scenario.what, *(shown(cells.get((scenario.key, tool))) for tool in TOOLS)) for scenario in scenarios.SCENARIOS]
    versions = ", ".join(f"{name} {version}" for name, version in data["versions"].items())
    return f"""# Espalier beside codecarbon and zeus: energy that is known

Three tools measure the same machines, whose energy is known exactly: a process writes the RAPL counters of a powercap tree
in real time from an analytic power trace, and a library that stands in for NVIDIA's answers from the same trace. Each tool
runs alone, by its documented interface and best settings, in a mount namespace in which the tree lies where Linux has it.
Measured on {data["date"]} with
{versions}.
This page is written by `make bench-measurement`; [bench](../bench/README.md) tells how to run it again.

An answer is *right* within {100 * data["right_within"]:.0f} % of the truth. Further off, it is *wrong, said so* where the tool
warned of it or stated a bound of the error that covers it, and *silently wrong* where it did not. *Refused* is no number:
an error, or unknown. After the counts: median of the errors' sizes, and the worst error.

{totals(data)}

Machines on which codecarbon or zeus was right in more windows than Espalier, or silently wrong in fewer:

{better_peers(cells)}

## Every machine

{table(("machine", *(NAMES[tool] for tool in TOOLS)), rows)}

## What Espalier says of its own error

{bounds(cells)}

Power that changes between two samples is not seen, so a peak may fall on an edge of a window, or between all looks of a
GPU's sensor, without entering the bound.

## What they said

Where not every tool was right in every window, the first three things that each said of the part in question:
{sayings(cells)}

## What measuring costs

Processor time that the tool used in a window, helper processes included, as a share of the window's length (median):

{overhead(cells)}

## How it was done

- Truth is the integral of the trace over the window on CLOCK_MONOTONIC. For codecarbon and zeus a window goes from when
  starting it returned to when it was told to end, and their own edges lie outside; for Espalier it goes from the start to
  the end that `espalier measure --json` tells, which includes starting and ending the command.
- Espalier: `espalier measure --json --runs N -- sleep T`. codecarbon: an `OfflineEmissionsTracker` with
  `tracking_mode="machine"`, `measure_power_secs=0.1` (the default is 15) and `rapl_include_dram=True`, one for each
  window; for windows under 1 s a task of one tracker, which gives better numbers there. zeus: a `ZeusMonitor`, with
  `approx_instant_energy=True` for windows under 1 s. The first window, in which helpers are started, does not count.
- A part that a tool models although it is counted, such as codecarbon's memory, is its answer for that part. zeus's answer
  is the sum over its indices.
- Counters are renewed each millisecond (RAPL) and each 100 ms (GPU); a GPU's power is the mean over 25 ms of each 100 ms,
  as on A100 and H100. A run in which the process that writes the counters was more than 20 ms late is repeated.
- The tools ran ahead of what else the machine did, because whoever waits for a processor measures too long.
- Windows whose length is near the period of a GPU's counter are won or lost by their phase: a few windows more or less say
  nothing there.
- `/proc/cpuinfo` is shown without the mark of a virtual machine, behind which Espalier calls counters a model.
"""


def main():
    data = json.loads((ROOT / "bench/results/measurement.json").read_text())
    text = page(data)
    if "--check" in sys.argv:
        sys.exit(0 if PAGE.read_text() == text else f"{PAGE} is not what bench/results/measurement.json gives")
    PAGE.write_text(text)


if __name__ == "__main__":
    main()
