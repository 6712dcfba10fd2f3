"""ONNX Runtime on the CPU, all graph optimizations, the batch size fixed when the session is made.

Forms: fp32; int8-dynamic (its quantize_dynamic, weights per channel, matrix products only: its dynamic convolution is
several times slower than fp32); int8-static (its quantize_static: Q/DQ, weights per channel, calibrated on 8 of the
images); fp32-fused (its offline optimizer for vision transformers before).
"""

import pathlib

import onnxruntime


def version():
    return "onnxruntime " + onnxruntime.__version__


def pixels_of(folder, count):
    import numpy as np

    import models
    values = np.fromfile(pathlib.Path(folder) / "inputs.f32", np.float32)
    return values.reshape(models.IMAGES, 1, models.CHANNELS, models.EDGE, models.EDGE)[:count]


def dynamic(source, target):
    from onnxruntime import quantization
    quantization.quantize_dynamic(source, target, per_channel=True, weight_type=quantization.QuantType.QInt8,
                                  op_types_to_quantize=["MatMul", "Gemm"])


def static(source, target):
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Images(quantization.CalibrationDataReader):
        def __init__(self):
            self.left = iter(pixels_of(pathlib.Path(source).parent, 8))

        def get_next(self):
            image = next(self.left, None)
            return None if image is None else {"input": image}

    simplified = target.with_suffix(".pre.onnx")
    quant_pre_process(str(source), str(simplified), skip_symbolic_shape=True)
    quantization.quantize_static(str(simplified), str(target), Images(), per_channel=True,
                                 quant_format=quantization.QuantFormat.QDQ,
                                 activation_type=quantization.QuantType.QUInt8,
                                 weight_type=quantization.QuantType.QInt8)
    simplified.unlink()


def fused(source, target):
    from onnxruntime.transformers import optimizer
    model = optimizer.optimize_model(str(source), model_type="vit", opt_level=0)
    counts = model.get_fused_operator_statistics()
    if not counts.get("Attention") and not counts.get("MultiHeadAttention"):
        found = ", ".join(f"{name} x{count}" for name, count in counts.items() if count) or "nothing"
        raise RuntimeError(f"the offline optimizer finds no attention in this graph; it fused {found}")
    model.save_model_to_file(str(target))


MAKERS = {"int8-dynamic": dynamic, "int8-static": static, "fp32-fused": fused}


def file_of(form, folder):
    """The ONNX file of a form, made once for this version."""
    source = pathlib.Path(folder) / "model.onnx"
    if form == "fp32":
        return source
    target = source.with_name(f"onnxruntime-{onnxruntime.__version__}-{form}.onnx")
    if not target.exists():
        unfinished = target.with_suffix(".part.onnx")
        MAKERS[form](source, unfinished)
        unfinished.rename(target)
    return target


def session(path, batch, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_free_dimension_override_by_name("N", batch)
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def load(form, model, folder, batch, threads):
    made = session(file_of(form, folder), batch, threads)
    return lambda pixels: made.run(None, {"input": pixels})[0]
