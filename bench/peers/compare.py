"""Whole models side by side: Espalier, ONNX Runtime and PyTorch on the same weights, in one run.

    python compare.py --espalier ../../build/espalier --work /tmp/bench [--rounds 5] [--output ../../docs/performance.md]

Needs torch, transformers, onnx, onnxruntime (CPU builds from PyPI), in an environment of their own. Models are the
transformers classes with seeded random weights, so nothing is downloaded. The answers of
Espalier's variants to one image are compared with PyTorch's before anything is timed; those of the peers are not. The contenders of a row take turns, round after round, each behind a
gate that waits for the machine to be idle; the figure is the median over rounds of the median latency of a round, in
milliseconds per call, and ratios are peer / ours.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import time

import numpy as np
import onnxruntime
import torch
import transformers
from onnxruntime import quantization
from PIL import Image

LABELS = {str(i): f"class {i}" for i in range(1000)}
MODELS = {
    "resnet50": lambda: transformers.ResNetForImageClassification(transformers.ResNetConfig(num_labels=1000)),
    "mobilenet_v2": lambda: transformers.MobileNetV2ForImageClassification(
        transformers.MobileNetV2Config(num_labels=1000)),
    "vit_b_16": lambda: transformers.ViTForImageClassification(transformers.ViTConfig(num_labels=1000)),
    "convnext_tiny": lambda: transformers.ConvNextForImageClassification(
        transformers.ConvNextConfig(num_labels=1000)),
}
PROCESSOR = {"image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": 224, "width": 224},
             "resample": 2, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
             "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
THREADS = 2


class Logits(torch.nn.Module):
    """The model without the dictionary around its answer."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, pixel_values):
        return self.model(pixel_values=pixel_values).logits


def prepare(name, work):
    """Saves a checkpoint, its ONNX twin and a dynamically quantized ONNX; returns the folder and the torch model."""
    torch.manual_seed(0)
    model = MODELS[name]().eval()
    # Weights as they are drawn give nearly equal logits; a wider head makes answers that can be told apart.
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    folder = work / name
    if not (folder / "model.onnx").exists():
        model.save_pretrained(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
        torch.onnx.export(Logits(model), (torch.zeros(1, 3, 224, 224),), str(folder / "model.onnx"), dynamo=False,
                          opset_version=17, input_names=["input"], output_names=["logits"],
                          dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}})
        quantization.quantize_dynamic(str(folder / "model.onnx"), str(folder / "dynamic.onnx"), per_channel=True,
                                      weight_type=quantization.QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
    return folder, model


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def peers(folder, model):
    """Name -> function from pixel values (numpy) to logits (numpy)."""
    fp32 = session(folder / "model.onnx")
    int8 = session(folder / "dynamic.onnx")
    quantized = torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)

    def eager(net):
        def run(x):
            with torch.inference_mode():
                return net(pixel_values=torch.from_numpy(x)).logits.numpy()
        return run

    return {"torch eager": eager(model), "onnxruntime": lambda x: fp32.run(None, {"input": x})[0],
            "torch dynamic int8": eager(quantized), "onnxruntime dynamic int8": lambda x: int8.run(None, {"input": x})[0]}


OURS = ("baseline", "compile", "compile+dynamic-quantization")


def wait_until_quiet():
    """Returns once both processors were idle for half a second; gives up after a minute and says so."""
    def idle():
        fields = [int(v) for v in open("/proc/stat").readline().split()[1:9]]
        return fields[3] + fields[4], sum(fields)
    for _ in range(120):
        a = idle()
        time.sleep(0.5)
        b = idle()
        if (b[0] - a[0]) >= 0.93 * (b[1] - a[1]):
            return True
    return False


def bench_ours(program, folder, tactic, batch):
    output = subprocess.run([program, "bench", "--model", folder, "--tactic", tactic, "--batch", str(batch), "--threads",
                             str(THREADS), "--min-time", "1.5", "--json"], check=True, capture_output=True, text=True)
    return json.loads(output.stdout)["median_ms"]


def bench_peer(run, batch):
    x = np.random.default_rng(7).uniform(-1, 1, (batch, 3, 224, 224)).astype(np.float32)
    for _ in range(3):
        run(x)
    times, start = [], time.perf_counter()
    while len(times) < 8 or time.perf_counter() - start < 1.5:
        before = time.perf_counter()
        run(x)
        times.append(1e3 * (time.perf_counter() - before))
    return statistics.median(times)


def check(program, folder, model, work):
    """Top-5 probabilities of one image, from Espalier, against PyTorch's on the same pixels."""
    picture = work / "noise.png"
    noise = np.random.default_rng(3).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    Image.fromarray(noise).resize((224, 224), Image.BICUBIC).save(picture)
    pixels = (np.asarray(Image.open(picture), np.float32) / 255 - 0.5) / 0.5
    with torch.inference_mode():
        logits = model(pixel_values=torch.from_numpy(pixels.transpose(2, 0, 1)[None].copy())).logits[0]
    probabilities = torch.softmax(logits.double(), 0).numpy()
    for tactic in OURS:
        output = subprocess.run([program, "classify", "--model", folder, "--tactic", tactic, "--json", "--top", "1000",
                                 picture], check=True, capture_output=True, text=True)
        ours = np.zeros(1000)
        for row in json.loads(output.stdout)["results"][0]["classes"]:
            ours[row["class"]] = row["probability"]
        error = np.abs(ours - probabilities).max() / probabilities.max()
        limit = 0.1 if "quantization" in tactic else 1e-3
        if error > limit:
            raise SystemExit(f"{folder.name} {tactic}: probabilities differ by {error:.2g} of the largest; not timed")
        print(f"{folder.name:14s} {tactic:30s} agrees with torch within {error:.1e} of the largest probability", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--espalier", required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--models", default="resnet50,mobilenet_v2,vit_b_16")
    parser.add_argument("--batches", default="1,16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(THREADS)
    lines = ["| model | batch | contender | ms per call | best fp32 peer / it |", "|---|---|---|---|---|"]
    for name in arguments.models.split(","):
        folder, model = prepare(name, arguments.work)
        check(arguments.espalier, folder, model, arguments.work)
        contenders = peers(folder, model)
        for batch in map(int, arguments.batches.split(",")):
            times = {}
            for _ in range(arguments.rounds):
                for tactic in OURS:
                    quiet = wait_until_quiet()
                    times.setdefault(f"espalier {tactic}", []).append(
                        bench_ours(arguments.espalier, folder, tactic, batch))
                for peer, run in contenders.items():
                    quiet = wait_until_quiet() and quiet
                    times.setdefault(peer, []).append(bench_peer(run, batch))
            medians = {contender: statistics.median(values) for contender, values in times.items()}
            best = min(medians["torch eager"], medians["onnxruntime"])
            for contender, ms in medians.items():
                lines.append(f"| {name} | {batch} | {contender} | {ms:.2f} | {best / ms:.2f} |")
                print(lines[-1] + ("" if quiet else "  (machine not quiet)"), flush=True)
    text = "\n".join(lines) + "\n"
    if arguments.output:
        arguments.output.write_text(text)


if __name__ == "__main__":
    main()
