"""Whether Espalier runs ONNX Runtime's int8 models of trained networks as ONNX Runtime does, on real images.

    python tools/onnx_int8_trained.py DATA [--program build/espalier_logits] [--images 100] [--models NAME ...]

DATA holds models/NAME/ (model.onnx in float32 and preprocess.json) and images/ (cifar10_test_2000.bin,
imagenet_nips2017/). Every model is quantized by ONNX Runtime in three forms: dynamic, Q/DQ and QOperator, the latter two
calibrated on other images than those compared (of transformers the products alone). Random networks cannot show this: in their depths one code rounded the
other way changes many behind it (see `sensitivity` in tools/onnx_models.py).

For each form, beside ONNX Runtime without graph optimization: images of the same class, and the difference of the
logits in steps of their codes (where the model ends in float32: of 255 for the range of the logits), median and 95th
percentile; and, as the yardstick, the same between ONNX Runtime with and without graph optimization. Exits with 1 where
the class differs on more than 1 % of the images whose first two classes are further apart than two steps and twice the
yardstick's median, or the median difference exceeds two steps and the yardstick's.
"""

import argparse
import json
import logging
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnxruntime import quantization as q
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from onnx_models import last_step  # noqa: E402

MODELS = ["resnet8_mlperftiny_cifar10", "resnet20_cifar10", "resnet56_cifar10", "densenet_uva_cifar10",
          "mobilenet_v1_075_224", "squeezenet_v10_deepcompressed", "vit_tiny_patch16_224"]
KINDS = ["dynamic", "qdq", "qoperator"]
CALIBRATION = 32


def rgb_images(data, recipe):
    """Images of the recipe's data set as uint8 [height, width, 3], in a fixed order."""
    size = recipe["input"][2]
    if size == 32:
        rows = np.fromfile(data / "images" / "cifar10_test_2000.bin", np.uint8).reshape(-1, 3073)[:, 1:]
        yield from rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        return
    files = sorted(p for p in (data / "images" / "imagenet_nips2017").rglob("*") if p.suffix in (".png", ".jpg", ".jpeg"))
    for path in files:
        image = Image.open(path).convert("RGB")
        short = recipe.get("resize_shorter_side", round(256 / 224 * size))
        scale = short / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BILINEAR)
        left, top = (image.width - size) // 2, (image.height - size) // 2
        yield np.asarray(image.crop((left, top, left + size, top + size)))


def pixel_values(image, recipe):
    if recipe.get("color") == "BGR":
        image = image[:, :, ::-1]
    x = image.astype(np.float32) * np.float32(recipe["scale"])
    x = (x - np.array(recipe["mean"], np.float32)) / np.array(recipe["std"], np.float32)
    return x.transpose(2, 0, 1)[None]


class Calibration(q.CalibrationDataReader):
    def __init__(self, name, batch):
        self.feeds = iter([{name: image[None]} for image in batch])

    def get_next(self):
        return next(self.feeds, None)


def quantize(kind, source, target, batch):
    if kind == "dynamic":
        q.quantize_dynamic(source, target, weight_type=q.QuantType.QInt8)
        return
    prepared = target + ".prepared"
    q.shape_inference.quant_pre_process(source, prepared, skip_symbolic_shape=True)
    graph = onnx.load(prepared).graph
    name = graph.input[0].name
    # Codes between every two operations of a transformer leave nothing of its answers, whatever runs them.
    products = ["Conv", "Gemm", "MatMul"] if any(node.op_type in ("Erf", "LayerNormalization") for node in graph.node) else None
    form = q.QuantFormat.QDQ if kind == "qdq" else q.QuantFormat.QOperator
    q.quantize_static(prepared, target, Calibration(name, batch), quant_format=form, per_channel=True,
                      activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8, op_types_to_quantize=products)


def runtime_logits(path, batch, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # One image at a time: dynamic quantization takes its range over all that it is given.
    return np.concatenate([session.run(None, {session.get_inputs()[0].name: image[None]})[0] for image in batch])


def differences(expected, got, step, least_margin):
    """Over images; `same` over those whose first two classes are more than `least_margin` steps apart."""
    steps = np.abs(got - expected).max(axis=1) / step
    ordered = np.sort(expected, axis=1)
    apart = ordered[:, -1] - ordered[:, -2] > least_margin * step
    return {"same": float((got.argmax(1) == expected.argmax(1))[apart].mean()),
            "median": float(np.median(steps)), "p95": float(np.quantile(steps, 0.95))}


def check(name, kind, folder, recipe, calibration, batch, program):
    level = onnxruntime.GraphOptimizationLevel
    target = str(folder / "model.onnx")
    quantize(kind, str(folder / "float.onnx"), target, calibration)
    expected = runtime_logits(target, batch, level.ORT_DISABLE_ALL)
    itself = runtime_logits(target, batch, level.ORT_ENABLE_ALL)
    size = recipe["input"][2]
    (folder / "config.json").write_text(json.dumps({"image_size": size}))
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"image_processor_type": "ViTImageProcessor", "size": {"height": size, "width": size}}))
    batch.tofile(folder / "images.f32")
    run = subprocess.run([program, folder, "baseline", "1", folder / "images.f32"], capture_output=True)
    if run.returncode != 0:
        print(f"| {name} | {kind} | does not load: {run.stderr.decode().strip()[:200]} |", flush=True)
        return False
    got = np.frombuffer(run.stdout, np.float32).reshape(expected.shape)
    step = last_step(onnx.load(target)) or float((expected.max(1) - expected.min(1)).mean()) / 255
    theirs = differences(expected, itself, step, 2)
    # Two logits that each move by what the yardstick moves may pass each other.
    ours = differences(expected, got, step, max(2, 2 * theirs["median"]))
    good = ours["same"] >= 0.99 and ours["median"] <= max(2.0, theirs["median"])
    print(f"| {name} | {kind} | {ours['same']:.3f} | {ours['median']:.2f} / {ours['p95']:.2f} | {theirs['same']:.3f} | "
          f"{theirs['median']:.2f} / {theirs['p95']:.2f} | {'met' if good else 'MISSED'} |", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--program", default="build/espalier_logits")
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--models", nargs="+", default=MODELS)
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    print("| model | form | same class | steps, median / p95 | ONNX Runtime optimized: same class | steps | |\n|-|-|-|-|-|-|-|")
    missed = 0
    for name in options.models:
        recipe = json.loads((options.data / "models" / name / "preprocess.json").read_text())
        images = []
        for image in rgb_images(options.data, recipe):
            images.append(pixel_values(image, recipe)[0])
            if len(images) == CALIBRATION + options.images:
                break
        stack = np.stack(images).astype(np.float32)
        for kind in options.kinds:
            with tempfile.TemporaryDirectory() as temporary:
                folder = pathlib.Path(temporary)
                (folder / "float.onnx").write_bytes((options.data / "models" / name / "model.onnx").read_bytes())
                missed += not check(name, kind, folder, recipe, stack[:CALIBRATION], stack[CALIBRATION:], options.program)
    print(f"{missed} rows miss their bar")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
