"""Image classifiers exported to ONNX in the ways people export them, and whether Espalier computes what ONNX Runtime does.

    python onnx_models.py export FOLDER [--models NAME ...] [--kinds KIND ...]
    python onnx_models.py check FOLDER --program build/espalier_logits [--models NAME ...] [--kinds KIND ...]

`export` writes FOLDER/<model>/<kind>/: model.onnx, config.json, preprocessor_config.json, expected.f32 (logits of one
image, x[i] = ((i * 2654435761) mod 2^32) / 2^32 * 2 - 1 in float32) and, where an exporter fails, failed.txt. The
weights are random but seeded. `check` prints a table and exits with 1 where a row misses its bar.

Kinds: ts<opset> is torch.onnx.export(dynamo=False), dynamo<opset> the newer exporter, optimum17 names and opens its
axes as Optimum does; weights16 and fp16 hold half-precision weights or compute in half precision; dynamic, qdq and
qoperator are quantized by ONNX Runtime. Made with torch 2.14, torchvision 0.29, onnx 1.23 and onnxruntime 1.32.
"""

import argparse
import io
import json
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

TORCHVISION = ["resnet50", "mobilenet_v2", "efficientnet_b0", "convnext_tiny", "vit_b_16", "swin_t", "regnet_y_400mf",
               "densenet121", "googlenet", "inception_v3", "shufflenet_v2_x1_0", "mnasnet1_0", "vgg11_bn",
               "squeezenet1_1", "maxvit_t"]
TIMM = ["mobilenetv3_small_100", "resnet18d", "vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224",
        "tf_efficientnetv2_b0", "convnextv2_atto", "ghostnet_100", "mobileone_s0", "levit_128s", "repvgg_a0"]
KINDS = ["ts17", "ts11", "ts13", "ts14", "ts16", "dynamo18", "dynamo20", "optimum17", "weights16", "fp16", "dynamic", "qdq",
         "qoperator"]
SIZES = {"inception_v3": 299}


def pixels(*shape):
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    return ((i * 2654435761 % 2**32) / 2**32 * 2 - 1).astype(np.float32).reshape(shape)


def randomize(model, size):
    """Weights of order one in every layer, and statistics of batch norms that are what flows there."""
    for name, parameter in model.named_parameters():
        last = name.rsplit(".", 1)[-1]
        if parameter.ndim <= 1 or "layer_scale" in name or last.startswith("gamma"):
            low, high = (-0.1, 0.1) if last == "bias" else (0.5, 1.5)
            torch.nn.init.uniform_(parameter, low, high)
        elif "relative_position_bias_table" in name:
            torch.nn.init.normal_(parameter)
        elif not parameter.any():
            torch.nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = None
        norm.train()
    with torch.no_grad():
        model(torch.rand(4, 3, size, size) * 2 - 1)
    for norm in norms:
        norm.momentum = 0.1
        norm.running_mean += 0.1 * torch.randn_like(norm.running_mean) * norm.running_var.sqrt()
        norm.eval()


def make_model(name):
    """The module in eval mode and the height of its images."""
    torch.manual_seed(20261)
    if name.startswith("timm:"):
        import timm
        model = timm.create_model(name[5:], pretrained=False, exportable=True).eval()
        size = model.default_cfg["input_size"][-1]
    else:
        import torchvision
        extra = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        model = getattr(torchvision.models, name)(weights=None, **extra).eval()
        size = SIZES.get(name, 224)
    randomize(model, size)
    return model, size


def export_torchscript(model, size, opset, inputs=("input",), open_axes=("batch",)):
    buffer = io.BytesIO()
    axes = {inputs[0]: dict(enumerate(open_axes)) if len(open_axes) == 1 else dict(zip((0, 2, 3), open_axes)),
            "logits": {0: "batch"}}
    torch.onnx.export(model, (torch.zeros(1, 3, size, size),), buffer, dynamo=False, opset_version=opset,
                      input_names=list(inputs), output_names=["logits"], dynamic_axes=axes)
    return onnx.load_from_string(buffer.getvalue())


def export_dynamo(model, size, opset):
    program = torch.onnx.export(model, (torch.zeros(2, 3, size, size),), dynamo=True, opset_version=opset, verbose=False,
                                dynamic_shapes=({0: torch.export.Dim("batch")},))
    return program.model_proto


def with_half_weights(model):
    """Large float32 initializers as float16 behind a Cast, as converters for small downloads write them."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < 64:
            continue
        values, name = numpy_helper.to_array(tensor), tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + ".half"))
        casts.append(helper.make_node("Cast", [name + ".half"], [name], to=TensorProto.FLOAT))
    for cast in reversed(casts):
        model.graph.node.insert(0, cast)
    return model


def in_half_precision(model):
    from onnxruntime.transformers.float16 import convert_float_to_float16
    return convert_float_to_float16(model, keep_io_types=True)


class Calibration:
    def __init__(self, name, size):
        images = [pixels(1, 3, size, size)] + [np.random.default_rng(i).uniform(-1, 1, (1, 3, size, size)) for i in range(3)]
        self.feeds = iter([{name: image.astype(np.float32)} for image in images])

    def get_next(self):
        return next(self.feeds, None)


def quantized(kind, model, size, folder):
    from onnxruntime import quantization as q
    source, target, prepared = (str(folder / f"{n}.onnx") for n in ("float", "model", "prepared"))
    onnx.save(model, source)
    if kind == "dynamic":
        q.quantize_dynamic(source, target, weight_type=q.QuantType.QInt8)
    else:
        q.shape_inference.quant_pre_process(source, prepared, skip_symbolic_shape=True)
        form = q.QuantFormat.QDQ if kind == "qdq" else q.QuantFormat.QOperator
        q.quantize_static(prepared, target, Calibration(model.graph.input[0].name, size), quant_format=form,
                          per_channel=True, activation_type=q.QuantType.QUInt8, weight_type=q.QuantType.QInt8)
    result = onnx.load(target)
    for file in (source, target, prepared):
        pathlib.Path(file).unlink(missing_ok=True)
    return result


def exported(kind, model, size, folder):
    if kind.startswith("ts"):
        return export_torchscript(model, size, int(kind[2:]))
    if kind.startswith("dynamo") and kind[6:].isdigit():
        return export_dynamo(model, size, int(kind[6:]))
    if kind == "optimum17":
        return export_torchscript(model, size, 17, ("pixel_values",), ("batch_size", "height", "width"))
    base = export_torchscript(model, size, 17)
    if kind == "weights16":
        return with_half_weights(base)
    if kind == "fp16":
        return in_half_precision(base)
    return quantized(kind, base, size, folder)


def runtime_logits(model_bytes, image):
    """What ONNX Runtime computes without graph optimization; quantized models as they are meant to run."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: image})[0]


def export_one(name, kind, model, size, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failed.txt").unlink(missing_ok=True)
    try:
        proto = exported(kind, model, size, folder)
        data = proto.SerializeToString()
        (folder / "model.onnx").write_bytes(data)
        runtime_logits(data, pixels(1, 3, size, size)).astype(np.float32).tofile(folder / "expected.f32")
    except Exception as error:  # whatever an exporter throws is a row of the table
        (folder / "failed.txt").write_text(f"{type(error).__name__}: {error}")
        return f"failed: {type(error).__name__}: {str(error)[:200]}"
    (folder / "config.json").write_text(json.dumps({"image_size": size}))
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": size, "width": size}, "do_rescale": True, "do_normalize": True,
         "image_mean": [0.5] * 3, "image_std": [0.5] * 3}))
    return "written"


def export(arguments):
    warnings.filterwarnings("ignore")
    for name in arguments.models:
        model, size = make_model(name)
        for kind in arguments.kinds:
            result = export_one(name, kind, model, size, arguments.folder / name.replace(":", "-") / kind)
            print(f"{name:28} {kind:10} {result}", flush=True)


def last_step(model):
    """The step of codes that the logits are multiples of, where the model ends in a DequantizeLinear, else nothing."""
    last = [node for node in model.graph.node if model.graph.output[0].name in node.output]
    if not last or last[0].op_type != "DequantizeLinear":
        return None
    scale = [t for t in model.graph.initializer if t.name == last[0].input[1]]
    return float(numpy_helper.to_array(scale[0]).max()) if scale else None


def sensitivity(folder, size):
    """How far the reference's own logits move when the image moves by 1e-4, a fraction of the step of its codes: in a
    deep network of random weights, one code that is rounded the other way changes many behind it. It explains a
    difference and excuses none."""
    data, image = (folder / "model.onnx").read_bytes(), pixels(1, 3, size, size)
    moved = runtime_logits(data, image + np.float32(1e-4)) - runtime_logits(data, image)
    return f"{np.abs(moved).max() / np.abs(runtime_logits(data, image)).max():.1e}"


def bar_of(kind, model, expected):
    """The largest difference allowed, over the largest logit. float32: the order of its sums. Half precision, which
    ONNX Runtime rounds to 2^-11 at every node: 2e-2. Quantized: two steps of the logits' codes; where the last layer
    gives float32, two steps of 255 for a range of twice the largest logit."""
    if kind in ("dynamic", "qdq", "qoperator"):
        step = last_step(model)
        return 2.01 * step / np.abs(expected).max() if step else 4 / 255
    return 2e-2 if kind == "fp16" else 2e-4


def compare(expected, logits):
    """Largest difference over the largest logit, and whether the argmax is the same."""
    if logits.size != expected.size or not np.isfinite(logits).all():
        return np.inf, False
    return np.abs(logits - expected).max() / np.abs(expected).max(), logits.argmax() == expected.argmax()


def check_one(folder, program, tactic):
    run = subprocess.run([program, folder, tactic, "1"], capture_output=True)
    if run.returncode != 0:
        return None, False, run.stderr.decode(errors="replace").strip().splitlines()[-1].replace(str(folder), "")[:150]
    expected = np.fromfile(folder / "expected.f32", np.float32)
    return *compare(expected, np.frombuffer(run.stdout, np.float32)), ""


def check(arguments):
    missed = 0
    print("| model | export | opset | baseline | compile | argmax | bar | | sensitivity |\n|-|-|-|-|-|-|-|-|-|")
    for name in arguments.models:
        for kind in arguments.kinds:
            folder = arguments.folder / name.replace(":", "-") / kind
            if (folder / "failed.txt").exists():
                print(f"| {name} | {kind} | the exporter fails: {(folder / 'failed.txt').read_text().splitlines()[0][:80]} | | | | | | |")
                continue
            if not (folder / "expected.f32").exists():
                continue
            model = onnx.load(folder / "model.onnx", load_external_data=False)
            opset = max(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
            bar = bar_of(kind, model, np.fromfile(folder / "expected.f32", np.float32))
            results = [check_one(folder, arguments.program, tactic) for tactic in ("baseline", "compile")]
            shown = [f"{d:.1e}" if d is not None else f"does not load: {why}" for d, _, why in results]
            same = all(s for _, s, _ in results)
            own = sensitivity(folder, json.loads((folder / "config.json").read_text())["image_size"]) if kind in (
                "dynamic", "qdq", "qoperator") else ""
            met = same and all(d is not None and d <= bar for d, _, _ in results)
            missed += not met
            print(f"| {name} | {kind} | {opset} | {shown[0]} | {shown[1]} | {'same' if same else 'DIFFERS'} | "
                  f"{bar:.1e} | {'met' if met else 'MISSED'} | {own} |", flush=True)
    print(f"{missed} rows miss their bar")
    sys.exit(missed > 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["export", "check"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--program", default="build/espalier_logits")
    parser.add_argument("--models", nargs="+", default=TORCHVISION + ["timm:" + name for name in TIMM])
    parser.add_argument("--kinds", nargs="+", default=KINDS)
    arguments = parser.parse_args()
    export(arguments) if arguments.what == "export" else check(arguments)


if __name__ == "__main__":
    main()
