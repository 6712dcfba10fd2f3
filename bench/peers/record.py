"""What every file in bench/results begins with, and how it is written."""

import datetime
import json
import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()

    def field(key):
        return next((line.split(": ")[1] for line in lines if line.startswith(key)), "unknown")

    flags = field("flags").split()
    kept = [f for f in flags if f.startswith(("avx", "amx", "fma", "f16c", "gfni"))]
    memory = next(line.split()[1] for line in open("/proc/meminfo") if line.startswith("MemTotal"))
    return {"cpu": field("model name"), "family_model_stepping": "/".join(map(field, ("cpu family", "model\t", "stepping"))),
            "processors": len(os.sched_getaffinity(0)), "memory_gib": round(int(memory) / 2**20, 1),
            "instruction_sets": kept, "hypervisor": "hypervisor" in flags, "kernel": platform.release(),
            "python": platform.python_version()}


def commit():
    said = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return said.stdout.strip() or "unknown"


def header(name):
    """Schema, machine, commit and date."""
    return {"schema": f"espalier.{name}/1", "machine": machine(), "commit": commit(),
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}


def write(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(document, indent=1) + "\n")
    unfinished.rename(path)
