"""One contender in a process of its own: requests as JSON lines on standard input, one reply a line on standard output.

    {"do": "load", "peer": P, "form": F, "model": NAME, "folder": DIR, "batch": N, "threads": T}
                                        -> {"load_s": seconds, "version": text}
    {"do": "answer", "output": FILE}    -> {}, and the logits of all of inputs.f32 as raw f32 in FILE
    {"do": "measure", "seconds": S, "calls": K, "warmup": W}
                                        -> {"latencies_ms": [...]}: at least S seconds and at least K calls
    {"do": "rss"}                       -> {"peak_rss_mib": number}
    a closed standard input             -> the process ends

A request that fails gives {"error": why} and leaves the worker usable. bench/worker/main.cpp speaks the same language
for Espalier.
"""

import importlib
import json
import os
import resource
import sys
import time

import numpy as np

import models


class Worker:
    def __init__(self):
        self.run = None
        self.pixels = None
        self.batch = 0

    def load(self, request):
        peer = importlib.import_module("peer_" + request["peer"])
        self.run = None  # lets go of the one before
        self.batch = request["batch"]
        self.pixels = np.fromfile(os.path.join(request["folder"], "inputs.f32"), np.float32).reshape(
            models.IMAGES, models.CHANNELS, models.EDGE, models.EDGE)
        start = time.perf_counter()
        self.run = peer.load(request["form"], request["model"], request["folder"], self.batch, request["threads"])
        self.run(np.ascontiguousarray(self.pixels[:self.batch]))
        return {"load_s": time.perf_counter() - start, "version": peer.version()}

    def answer(self, request):
        # Copied at once: some peers answer with a view that the next call overwrites.
        logits = [np.array(self.run(np.ascontiguousarray(self.pixels[i:i + self.batch])), np.float32)
                  for i in range(0, models.IMAGES, self.batch)]
        np.concatenate(logits).tofile(request["output"])
        return {}

    def measure(self, request):
        pixels = np.ascontiguousarray(self.pixels[:self.batch])
        for _ in range(request["warmup"]):
            self.run(pixels)
        latencies, start = [], time.perf_counter()
        while len(latencies) < request["calls"] or time.perf_counter() - start < request["seconds"]:
            before = time.perf_counter()
            self.run(pixels)
            latencies.append(1e3 * (time.perf_counter() - before))
        return {"latencies_ms": [round(ms, 4) for ms in latencies]}

    def rss(self, request):
        return {"peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main():
    # Libraries print; what is printed goes to standard error, and replies keep the descriptor to themselves.
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker()
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = getattr(worker, request["do"])(request)
        except (Exception, SystemExit) as problem:  # whatever a library throws becomes a row that says why
            reply = {"error": f"{type(problem).__name__}: {problem}"[:600]}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
