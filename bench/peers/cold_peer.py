"""The first answer of a peer in a new Python: cold_peer.py onnxruntime|openvino MODEL.onnx IMAGE.jpg THREADS

Prints the class, then {"seconds", "rss_mib"} of what came after the imports.
"""

import json
import resource
import sys
import time

import numpy as np
from PIL import Image

peer, model, image, threads = sys.argv[1:5]
if peer == "onnxruntime":
    import onnxruntime
else:
    import openvino


def held_mib():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20


def pixels():
    picture = np.asarray(Image.open(image).convert("RGB").resize((224, 224), Image.BILINEAR), np.float32)
    values = (picture / 255 - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


before, start = held_mib(), time.perf_counter()
if peer == "onnxruntime":
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    logits = session.run(None, {"input": pixels()})[0]
else:
    core = openvino.Core()
    network = core.read_model(model)
    network.reshape([1, 3, 224, 224])
    settings = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": int(threads)}
    logits = core.compile_model(network, "CPU", settings)([pixels()])[0]
print(int(logits.argmax()))
print(json.dumps({"seconds": time.perf_counter() - start,
                  "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before}), flush=True)
