"""A whole worker for Espalier in the standard library alone: a linear classifier that was fitted to nothing.

Its weights are drawn from a seed, and it looks at some 64 of an image's values. It is here to be read, and to show that
a runtime in any language is a loop like this one; docs/runtimes.md is the contract.

    espalier runtimes check -- python3 example_worker.py
"""

import json
import mmap
import operator
import platform
import random
import sys

FEATURES = 64
DEFAULT_AMOUNT = 0.3


class Unsupported(Exception):
    """A combination of tactic, device and model that cannot be had."""


class Classifier:
    """Answers one op by one method: the request goes in, the result comes out, and what is raised is an error."""

    def hello(self, request):
        return {"protocol": 1, "runtime": "example", "version": "1",
                "libraries": {"python": platform.python_version()}, "devices": ["cpu"], "formats": ["huggingface"]}

    def supports(self, request):
        name, _, amount = request["tactic"].partition(":")
        if request["device"] != "cpu" or name not in ("baseline", "local-pruning"):
            raise Unsupported(f"the example has no {request['tactic']} on {request['device']}")
        return {"baseline": 0.0, "local-pruning": float(amount or DEFAULT_AMOUNT)}[name]

    def load(self, request):
        self.amount = self.supports(request)
        channels, height, width = request["input"]
        self.values, self.classes, self.batch = channels * height * width, request["classes"], request["batch"]
        self.stride = max(1, self.values // FEATURES)
        draw, features = random.Random(7), len(range(0, self.values, self.stride))
        self.weights = [[draw.gauss(0, features ** -0.5) for _ in range(features)] for _ in range(self.classes)]
        place = request["memory"]
        memory = memoryview(mmap.mmap(3, place["bytes"]))
        self.pixels = memory[place["input"]:][:4 * self.batch * self.values].cast("f")
        self.logits = memory[place["output"]:][:4 * self.batch * self.classes].cast("f")

    def optimize(self, request):
        """local-pruning: each class loses its smallest weights."""
        for row in self.weights:
            for i in sorted(range(len(row)), key=lambda i: abs(row[i]))[:round(self.amount * len(row))]:
                row[i] = 0.0

    def run(self, request):
        if not 1 <= request["images"] <= self.batch:
            raise ValueError(f"'images' must be 1 to {self.batch}, not {request['images']}")
        for image in range(request["images"]):
            seen = self.pixels[image * self.values:(image + 1) * self.values:self.stride].tolist()
            for c, row in enumerate(self.weights):
                self.logits[image * self.classes + c] = sum(map(operator.mul, row, seen))
        return {"shape": [request["images"], self.classes]}

    def evidence(self, request):
        """Counted in the weights that `run` multiplies. What is not known, as the bytes in memory, is left out."""
        weights = [weight for row in self.weights for weight in row]
        zeros = weights.count(0.0)
        return {"parameters": len(weights), "nonzero_parameters": len(weights) - zeros, "device": "cpu",
                "precision": "f64", "threads": 1, "kernels": ["dot product in Python"],
                "passes": [f"zeroed {zeros} weights"] if zeros else []}

    def exit(self, request):
        pass


OPS = ("hello", "supports", "load", "optimize", "run", "evidence", "exit")


def answer(classifier, line):
    """(the op, the reply) to one line."""
    request = {}
    try:
        request = json.loads(line)
        op = request["op"]
        if op not in OPS:
            raise ValueError(f"there is no op {op!r}")
        result = getattr(classifier, op)(request)
        return op, {"id": request["id"], "result": result if isinstance(result, dict) else {}}
    except Exception as problem:  # whatever goes wrong is told, and the next request is answered
        kind = "unsupported" if isinstance(problem, Unsupported) else "failed"
        ident = request.get("id") if isinstance(request, dict) else None
        return None, {"id": ident, "error": {"kind": kind, "message": f"{type(problem).__name__}: {problem}"[:600]}}


def main():
    classifier = Classifier()
    for line in sys.stdin:  # ends when Espalier closes it
        op, reply = answer(classifier, line)
        print(json.dumps(reply), flush=True)
        if op == "exit":
            break


if __name__ == "__main__":
    main()
