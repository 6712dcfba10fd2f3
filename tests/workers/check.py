"""Runs test_workers.py with the Pythons at hand, and says loudly which workers could not be tested.

    python3 tests/workers/check.py

The Python of ESPALIER_PYTHON, else this one, is taken as it is. Where it lacks ONNX Runtime, an environment is made under
build/ from workers/requirements-ci.txt, within a time limit; without a network that fails, and its tests are skipped.
PyTorch is never fetched: a download of gigabytes is nothing that a check should start by itself.
"""

import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / "build" / "workers-python"
REQUIREMENTS = ROOT / "workers" / "requirements-ci.txt"
LIMIT_S = 180  # for making the environment
NEEDED = {"pytorch": ("torch", "transformers"), "onnxruntime": ("onnxruntime", "onnx"), "openvino": ("openvino",)}


def has(python: str, *modules: str) -> bool:
    """Whether a Python finds all of these modules, and numpy, which the tests need."""
    probe = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
    return subprocess.run([python, "-c", probe, "numpy", *modules], check=False).returncode == 0


def prepared() -> str | None:
    """The Python of the environment under build/, made where it is not there yet; None where that fails."""
    python = str(ENVIRONMENT / "bin" / "python")
    if not pathlib.Path(python).exists() or not has(python, *NEEDED["onnxruntime"]):
        try:
            end = time.monotonic() + LIMIT_S
            subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True, timeout=LIMIT_S)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--retries", "1", "-r", REQUIREMENTS],
                           check=True, timeout=end - time.monotonic())
        except (subprocess.SubprocessError, OSError) as problem:
            print(f"workers: no environment of {REQUIREMENTS.name}: {problem}", file=sys.stderr)
            return None
    return python


def main() -> int:
    given = os.environ.get("ESPALIER_PYTHON", sys.executable)
    pythons = [given] if has(given) else []
    if not has(given, *NEEDED["onnxruntime"]) and (python := prepared()):
        pythons.append(python)
    failed = [python for python in pythons
              if subprocess.run([python, ROOT / "tests" / "workers" / "test_workers.py"], check=False).returncode]
    for runtime, modules in NEEDED.items():
        if not any(has(python, *modules) for python in pythons):
            print(f"workers: {runtime} was NOT TESTED: no Python at hand has {' and '.join(modules)}", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
