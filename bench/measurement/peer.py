#!/usr/bin/env python3
"""Windows of one peer, as JSON lines on standard output:  peer.py zeus '{"windows": 10, "seconds": 2, ...}'

The first line is of a window that only warms up: tools that start helper processes at first use do it there."""

import importlib
import json
import sys
import time
import traceback

import psutil


def cpu_time_of_helpers():
    """Processor time of the processes that this one started, in seconds."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            used = child.cpu_times()
            total += used.user + used.system
        except psutil.Error:
            pass
    return total


def work(seconds, fault):
    """The work whose energy is asked for. Half way through it something breaks, where that is wanted."""
    end = time.monotonic() + seconds
    if fault:
        time.sleep(seconds / 2)
        with open(fault, "w") as pipe:
            pipe.write("fault\n")
    while (rest := end - time.monotonic()) > 0:
        time.sleep(rest)


def measure(peer, task, seconds, fault):
    outcome = {"energies": {}, "said": [], "error": None}
    begun = None
    try:
        window = peer.window(task)
        helpers = cpu_time_of_helpers()
        before = time.process_time()
        window.begin()
        begun = time.monotonic()
        work(seconds, fault)
        ended = time.monotonic()
        window.end()
        used = time.process_time() - before
        outcome["cpu_time_s"] = used + cpu_time_of_helpers() - helpers
        outcome["energies"] = window.energies()
    except Exception as problem:
        outcome["error"] = f"{type(problem).__name__}: {problem}"
        outcome["trace"] = traceback.format_exc(limit=-2)
        ended = time.monotonic()
    outcome.update(start_s=begun or ended, end_s=ended, said=peer.SAID.take())
    return outcome


def main():
    peer = importlib.import_module(f"peer_{sys.argv[1]}")
    task = json.loads(sys.argv[2])
    for i in range(-1, task["windows"]):
        fault = task["fault_pipe"] if i >= 0 and i == task.get("fault_at") else None
        outcome = measure(peer, task, task["seconds"] if i >= 0 else 1.5, fault)
        outcome["window"] = i
        print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
