"""Checks every exported variant against ONNX Runtime: it is accepted, and answers as the program does.

    python tools/check_onnx_export.py [--models FOLDER...] [--tactics T...] [--inputs N] [--per-tensor]

Exports each model (the zoo's, the goldens' and the reference models' where they are there) under each tactic with
`espalier export --format onnx`, runs onnx.checker, ONNX Runtime at the batches 1 and N, and build/espalier_logits on
the model and on the export. Prints a line per variant: the largest difference of the logits over the largest logit
between ONNX Runtime and the program, the same between the export loaded again and the program, and how many of the
inputs get the same class. Exits with 1 where an f32 variant differs by more than 1e-4, or a class differs though the
two best logits lie further apart than the outputs do. A runtime widens bf16 weights and rounds no activations, so that
bf16 is held to the second alone.

--per-tensor replaces the activations' quantization by ONNX's DynamicQuantizeLinear, one scale for the whole batch, to
see what it would cost.

Inputs are seeded noise of three strengths. Needs onnx, onnxruntime and numpy (made with 1.23.2, 1.32.0 and 2.4.6), and
the programs in build/.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import helper

ROOT = pathlib.Path(__file__).parent.parent
BUILD = ROOT / "build"
TACTICS = [
    "baseline",
    "compile",
    "dynamic-quantization",
    "dynamic-quantization:torch",
    "bf16",
    "compile+bf16",
    "local-pruning:0.3",
    "global-pruning:0.3",
    "global-pruning:0.3+compile+dynamic-quantization",
    "local-pruning:0.3+compile+dynamic-quantization:torch",
]
TOLERANCE = 1e-4


def all_models():
    shared = pathlib.Path(os.environ.get("ESPALIER_SHARED_DIR", ROOT / ".." / "shared")) / "data" / "models"
    folders = [ROOT / "zoo" / "models", ROOT / "tools" / "goldens" / "models", shared]
    return [model for folder in folders if folder.is_dir() for model in sorted(folder.iterdir()) if model.is_dir()]


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(result.stderr.decode().strip())
    return result.stdout


def ours(model, tactic, pixels, scratch):
    file = scratch / "pixels.f32"
    pixels.tofile(file)
    out = np.frombuffer(run(BUILD / "espalier_logits", model, tactic, len(pixels), file), dtype="<f4")
    return out.reshape(len(pixels), -1)


def noise(shape, seed=20261):
    """Images of noise, from faint to strong, so that a batch has many ranges of values."""
    generator = np.random.default_rng(seed)
    pixels = generator.standard_normal(shape, dtype=np.float32)
    return pixels * np.float32([0.3, 1, 3])[np.arange(shape[0]) % 3].reshape(-1, 1, 1, 1)


def per_tensor_body(function):
    """The same product with the activations quantized by DynamicQuantizeLinear."""
    conv = function.name in ("QuantizedConv", "QuantizedPointwiseConv")
    nodes = [helper.make_node("DynamicQuantizeLinear", ["padded" if conv else "x"], ["codes", "scale", "zero"])]
    if conv:
        nodes[:0] = [node for node in function.node if node.op_type == "Constant"][:1]
        nodes.insert(1, helper.make_node("Pad", ["x", nodes[0].output[0]], ["padded"]))
    nodes += [
        helper.make_node("Cast", ["w"], ["wide"], to=onnx.TensorProto.INT32),
        helper.make_node("Constant", [], ["half"], value=helper.make_tensor("", onnx.TensorProto.INT32, [], [128])),
        helper.make_node("Add", ["wide", "half"], ["shifted"]),
        helper.make_node("Cast", ["shifted"], ["w_u8"], to=onnx.TensorProto.UINT8),
        helper.make_node("Constant", [], ["w_zero"], value=helper.make_tensor("", onnx.TensorProto.UINT8, [], [128])),
    ]
    product = helper.make_node("ConvInteger" if conv else "MatMulInteger", ["codes", "w_u8", "zero", "w_zero"], ["acc"])
    for node in function.node:
        if node.op_type == "ConvInteger":
            product.attribute.extend(node.attribute)
    nodes += [product, helper.make_node("Cast", ["acc"], ["sum"], to=onnx.TensorProto.FLOAT)]
    channels = {"w_scale": "w_scale", "bias": "bias"}
    if conv:
        nodes.append(helper.make_node("Constant", [], ["pixels"], value_ints=[1, 2]))
        for name in channels:
            channels[name] = name + "_c"
            nodes.append(helper.make_node("Unsqueeze", [name, "pixels"], [name + "_c"]))
    nodes += [
        helper.make_node("Mul", ["scale", channels["w_scale"]], ["step"]),
        helper.make_node("Mul", ["sum", "step"], ["scaled"]),
        helper.make_node("Add", ["scaled", channels["bias"]], [function.output[0]]),
    ]
    del function.node[:]
    function.node.extend(nodes)


def runtime_logits(file, batches):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return [session.run(["logits"], {"pixel_values": pixels})[0] for pixels in batches]


def difference(a, b):
    return float(np.abs(a - b).max() / max(np.abs(b).max(), 1e-30))


def disagreements(got, expected):
    """Inputs whose class differs, and those of them that rounding does not excuse."""
    differs = got.argmax(1) != expected.argmax(1)
    best = np.sort(expected, 1)
    margin = best[:, -1] - best[:, -2] if expected.shape[1] > 1 else np.zeros(len(expected))
    return int(differs.sum()), int((differs & (margin > 2 * np.abs(got - expected).max(1))).sum())


def check(model, tactic, count, per_tensor, scratch):
    export = scratch / "export"
    run(BUILD / "espalier", "export", "--force", "--format", "onnx", "-m", model, "-t", tactic, "-o", export)
    file = export / "model.onnx"
    proto = onnx.load(file)
    if per_tensor:
        for function in proto.functions:
            per_tensor_body(function)
        file = scratch / "per_tensor.onnx"
        onnx.save(proto, file)
    onnx.checker.check_model(file, full_check=True)
    dims = [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim]
    pixels = noise((count, *dims[1:]))
    expected = ours(model, tactic, pixels, scratch)
    # The tactic ":torch" has one scale for the whole batch, so that a batch of 1 is another computation.
    first = ours(model, tactic, pixels[:1], scratch)
    got_first, got = runtime_logits(file, [pixels[:1], pixels])
    again = ours(export, "baseline", pixels, scratch)
    error = max(difference(got, expected), difference(got_first, first))
    wrong, inexcusable = disagreements(got, expected)
    exact = not any(word in tactic for word in ("quantization", "bf16")) and not any(n.op_type == "QuantizeLinear" for n in proto.graph.node)
    good = inexcusable == 0 and (not exact or error <= TOLERANCE)
    print(f"{model.name:32} {tactic:54} {error:9.2e} {difference(again, expected):9.2e} "
          f"{count - wrong:4}/{count}{'' if good or per_tensor else '  FAILED'}", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", type=pathlib.Path)
    parser.add_argument("--tactics", nargs="*", default=TACTICS)
    parser.add_argument("--inputs", type=int, default=30)
    parser.add_argument("--per-tensor", action="store_true")
    arguments = parser.parse_args()
    passed = True
    print(f"{'model':32} {'tactic':54} {'runtime':>9} {'again':>9} same class")
    with tempfile.TemporaryDirectory() as scratch:
        for model in arguments.models or all_models():
            for tactic in arguments.tactics:
                try:
                    good = check(model, tactic, arguments.inputs, arguments.per_tensor, pathlib.Path(scratch))
                except Exception as error:
                    print(f"{model.name:32} {tactic:54} FAILED: {str(error)[:300]}", flush=True)
                    good = False
                passed = passed and good
    return 0 if passed or arguments.per_tensor else 1


if __name__ == "__main__":
    sys.exit(main())
