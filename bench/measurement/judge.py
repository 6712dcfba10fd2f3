"""From windows to a verdict on each answer, and to the figures of a cell of the table."""

import math
import re
import statistics

RIGHT = 0.05  # an answer within this share of the truth is right

KINDS = ("right", "flagged", "silent", "refused")


def answer_of(window, parts):
    """The energy the tool told for these parts together, in joules; nothing where it told none."""
    if window["error"]:
        return None
    told = [window["energies"].get(part) for part in parts]
    told = [energy for energy in told if energy is not None and not math.isnan(energy)]
    return sum(told) if told else None


def bound_of(window, parts):
    """The largest error that the tool admits, in joules; 0 where it admits none."""
    return sum(window.get("bounds", {}).get(part, 0.0) for part in parts)


def judge(window, parts, setup_said):
    """One of KINDS:
    right: within 5 % of the truth.
    flagged: further off, and said so: a warning, or a stated bound of the error that covers it.
    silent: further off without a word.
    refused: no number."""
    answer = answer_of(window, parts)
    if answer is None:
        return "refused"
    off = abs(answer - window["truth_j"])
    if off <= RIGHT * window["truth_j"]:
        return "right"
    return "flagged" if window["said"] or setup_said or off <= bound_of(window, parts) else "silent"


def about(lines, parts):
    """The lines that concern these parts: what is said about a GPU is no warning about a processor."""
    words = {"gpu": ("GPU", "NVML", "nvml"), "cpu": ("CPU", "RAPL", "powercap", "Processor"), "dram": ("RAM",)}
    others = [word for part, its in words.items() if part not in parts for word in its]
    ours = [word for part in parts for word in words[part]]
    return [line for line in lines
            if any(word in line for word in ours) or not any(word in line for word in others)]


def without_repetition(lines):
    """Each saying once, whatever its numbers, without the folder in which Python is installed."""
    seen = {}
    for line in lines:
        line = re.sub(r"/\S*/(?:site-packages|python3\.\d+)/", "", line)
        seen.setdefault(re.sub(r"[\d.]+", "0", line), line)
    return list(seen.values())


def summarize(run, parts):
    """Figures of one tool in one scenario."""
    setup = [line for window in run["windows"] if window["window"] < 0 for line in about(window["said"], parts)]
    windows = [window for window in run["windows"] if window["window"] >= 0]
    for window in windows:
        window["said"] = about(window["said"], parts)
        window["verdict"] = judge(window, parts, setup)
    told = [(answer_of(window, parts), window["truth_j"]) for window in windows]
    errors = [(answer - truth) / truth for answer, truth in told if answer is not None]
    times = [window["cpu_time_s"] / (window["end_s"] - window["start_s"])
             for window in windows if window.get("cpu_time_s") is not None]
    said = setup + [line for window in windows for line in window["said"]]
    said += [window["error"] for window in windows if window["error"]]
    return {"tool": run["tool"], "scenario": run["scenario"],
            "windows": len(windows), **{kind: sum(w["verdict"] == kind for w in windows) for kind in KINDS},
            "median_error": statistics.median(map(abs, errors)) if errors else None,
            "worst_error": max(errors, key=abs) if errors else None,
            "truths_j": [round(truth, 6) for _, truth in told],
            "answers_j": [None if answer is None else round(answer, 6) for answer, _ in told],
            "bounds_j": [round(bound_of(window, parts), 6) for window in windows],
            "verdicts": [w["verdict"] for w in windows],
            "cpu_share": statistics.median(times) if times else None, "cpu_time_s": run["cpu_time_s"],
            "said": without_repetition(said), "meters": sorted({m for w in windows for m in w["meters"]}),
            "plant_late_s": run["plant_late_s"], "exit_code": run["exit_code"]}
