"""One worker, driven as Espalier drives it: requests and replies over pipes, tensors in a memory that both map."""

import json
import mmap
import os
import pathlib
import subprocess
import tempfile

import numpy as np

WORKERS = pathlib.Path(__file__).resolve().parents[2] / "workers"
MEMORY = 3  # the descriptor that the worker maps

while os.open(os.devnull, os.O_RDONLY) < MEMORY:
    pass  # descriptor 3 stays taken in this process, so that no pipe of a child's start lands on it


def source_of(runtime: str) -> list[str]:
    """The arguments of Python that start a worker: the text of the base, then its own, as Espalier joins them."""
    parts = ["worker", *(["torch_graph"] if runtime == "pytorch" else []), f"{runtime}_worker"]
    return ["-c", "".join((WORKERS / f"{part}.py").read_text() + "\n" for part in parts)]


class Session:
    """A started worker. `batch` images of `image` = (channels, height, width) lie at `pixels`, answers at `logits`."""

    def __init__(self, command: list[str], image=(3, 8, 8), classes=10, batch=1, environment=None):
        self.image, self.classes, self.batch, self.next_id = image, classes, batch, 1
        pixel_count, self.output = batch * int(np.prod(image)), 4 * batch * int(np.prod(image))
        self.bytes = self.output + 4 * batch * classes
        descriptor = os.memfd_create("pixels")
        os.ftruncate(descriptor, self.bytes)
        self.memory = mmap.mmap(descriptor, self.bytes)
        self.pixels = np.frombuffer(self.memory, np.float32, pixel_count).reshape(batch, *image)
        self.logits = np.frombuffer(self.memory, np.float32, batch * classes, self.output).reshape(batch, classes)
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        env={**os.environ, **(environment or {})}, close_fds=False,
                                        preexec_fn=lambda: os.dup2(descriptor, MEMORY, inheritable=True))
        os.close(descriptor)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.errors.close()

    def send(self, line: bytes) -> dict:
        """What is answered to one line."""
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()
        reply = self.process.stdout.readline()
        if not reply:
            raise AssertionError(f"the worker ended without a reply; its standard error: {self.said()}")
        return json.loads(reply)

    def ask(self, op: str, **keys) -> dict:
        """The reply to a well-formed request, its id checked."""
        request = {"id": self.next_id, "op": op, **keys}
        self.next_id += 1
        reply = self.send(json.dumps(request).encode())
        assert reply["id"] == request["id"], reply
        assert ("result" in reply) != ("error" in reply), reply
        return reply

    def get(self, op: str, **keys) -> dict:
        reply = self.ask(op, **keys)
        assert "result" in reply, (op, keys, reply, self.said())
        return reply["result"]

    def load(self, model: str, tactic="baseline", device="cpu", threads=1, onnx=None, calibration=None, **changed):
        memory = {"bytes": self.bytes, "input": 0, "output": self.output}
        keys = {"model": model, "onnx": onnx, "device": device, "tactic": tactic, "batch": self.batch,
                "threads": threads, "input": list(self.image), "classes": self.classes, "memory": memory,
                "calibration": calibration}
        return self.ask("load", **{**keys, **changed})

    def run(self, images: np.ndarray) -> np.ndarray:
        """A copy of the logits of at most `batch` images."""
        self.logits[:] = np.nan
        self.pixels[:len(images)] = images
        assert self.get("run", images=len(images))["shape"] == [len(images), self.classes]
        return self.logits[:len(images)].copy()

    def end(self) -> int:
        """Closes the worker's standard input; its exit status."""
        self.process.stdin.close()
        return self.ended()

    def ended(self) -> int:
        return self.process.wait(timeout=60)

    def said(self) -> str:
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-2000:]
