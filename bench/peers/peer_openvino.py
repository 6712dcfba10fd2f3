"""OpenVINO on the CPU, tuned for latency, shapes fixed.

Forms: fp32 (the precision pinned, or it would take bf16 where the processor has it), bf16, int8-static (NNCF's post-
training quantization on the 16 images, for transformers with their model type said).
"""

import pathlib

import openvino


def version():
    return "openvino " + openvino.get_version().split("-")[0]


def quantized(folder, model):
    """NNCF's int8 form of the ONNX model, made once for this version."""
    import nncf
    import numpy as np

    import models
    target = pathlib.Path(folder) / f"nncf-{nncf.__version__}.xml"
    if not target.exists():
        pixels = np.fromfile(target.with_name("inputs.f32"), np.float32).reshape(
            models.IMAGES, 1, models.CHANNELS, models.EDGE, models.EDGE)
        network = openvino.Core().read_model(target.with_name("model.onnx"))
        network.reshape([1, models.CHANNELS, models.EDGE, models.EDGE])
        kind = nncf.ModelType.TRANSFORMER if model in models.TRANSFORMERS else None
        result = nncf.quantize(network, nncf.Dataset(list(pixels)), subset_size=models.IMAGES, model_type=kind)
        openvino.save_model(result, target.with_name("unfinished.xml"), compress_to_fp16=False)
        target.with_name("unfinished.bin").rename(target.with_suffix(".bin"))
        target.with_name("unfinished.xml").rename(target)
    return target


def load(form, model, folder, batch, threads):
    import models
    core = openvino.Core()
    path = quantized(folder, model) if form.startswith("int8") else pathlib.Path(folder) / "model.onnx"
    network = core.read_model(path)
    network.reshape([batch, models.CHANNELS, models.EDGE, models.EDGE])
    settings = {"INFERENCE_PRECISION_HINT": "bf16" if form == "bf16" else "f32", "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1}
    compiled = core.compile_model(network, "CPU", settings)
    if form == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise RuntimeError("OpenVINO has no bf16 on this processor")
    request = compiled.create_infer_request()

    def run(pixels):
        return request.infer([pixels], share_inputs=True, share_outputs=True)[0]

    return run
