"""OpenVINO as a runtime, on the CPU: tuned for latency, one stream, shapes fixed.

    baseline                 f32 pinned, or it would take bf16 where the processor has it
    bf16                     INFERENCE_PRECISION_HINT bf16, where the processor has it
    static-quantization      NNCF's quantize over the calibration, for transformers with their model type said
    dynamic-quantization     NNCF's compress_weights to int8 and DYNAMIC_QUANTIZATION_GROUP_SIZE, where the compiled
                             network then really multiplies quantized activations

`load` reads the file, `optimize` quantizes and compiles.
"""

import collections
import importlib.metadata
import os
import pathlib
import tempfile

if "Runtime" not in globals():
    from worker import Runtime, Spec, Step, Unsupported, serve

QUANTIZED = {"static-quantization", "dynamic-quantization"}
PRECISIONS = {"i8": "int8", "u8": "int8", "f16": "fp16"}  # as the compiled network says, and as Espalier does
PASSIVE = {"Const", "Input", "Output"}  # in the compiled network, but nothing that executes
PRODUCTS = {"Convolution", "FullyConnected", "MatMul"}


def counted(names) -> list[str]:
    """["Convolution f32 x48", ...], the most frequent first."""
    return [f"{name} x{count}" for name, count in collections.Counter(names).most_common()]


def weights_of(network) -> list:
    """The weights of a network as arrays: its constants, but for shapes, indices and scalars."""
    arrays = [node.get_data() for node in network.get_ops() if node.get_type_name() == "Constant"]
    return [array for array in arrays if array.size > 1 and (array.dtype.kind == "f" or array.itemsize == 1)]


def operations(network) -> int:
    return sum(node.get_type_name() not in ("Constant", "Parameter", "Result") for node in network.get_ops())


def has_attention(network) -> bool:
    """Whether the output of a softmax is multiplied with something: NNCF treats such networks apart."""
    return any(reader.get_node().get_type_name() == "MatMul" for node in network.get_ops()
               if node.get_type_name() == "Softmax" for reader in node.output(0).get_target_inputs())


def executed(compiled) -> list[tuple[str, str]]:
    """(kind, precision) of every operation that the compiled network executes."""
    described = (node.get_rt_info() for node in compiled.get_runtime_model().get_ops())
    told = [(about["layerType"].astype(str), about["runtimePrecision"].astype(str)) for about in described]
    return [(kind, PRECISIONS.get(precision, precision)) for kind, precision in told if kind not in PASSIVE]


class OpenVino(Runtime):
    name = "openvino"
    formats = ("onnx",)

    def __init__(self):
        self.passes: list[str] = []
        self.notes: list[str] = []

    def open(self) -> dict:
        global numpy, openvino
        import numpy
        import openvino
        self.core = openvino.Core()
        libraries = {"openvino": openvino.__version__.split("-")[0]}
        try:
            libraries["nncf"] = importlib.metadata.version("nncf")
        except importlib.metadata.PackageNotFoundError:
            pass  # only quantization needs it
        return {"version": libraries["openvino"], "libraries": libraries, "devices": ["cpu"]}

    def supports(self, steps: list[Step], device: str) -> None:
        if device != "cpu":
            raise Unsupported(f"this worker runs OpenVINO on 'cpu', not on '{device[:60]}'")
        if len(steps) > 1:
            raise Unsupported("openvino has one treatment at a time")
        for step in steps:
            self.supports_step(step)

    def supports_step(self, step: Step) -> None:
        if step.name not in {"bf16"} | QUANTIZED or step.parameter:
            raise Unsupported(f"openvino has no {step.name}{step.parameter and ':' + step.parameter}")
        needed = "BF16" if step.name == "bf16" else "INT8"
        if needed not in self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise Unsupported(f"OpenVINO has no {needed} arithmetic on this processor")
        if step.name in QUANTIZED:
            self.import_nncf()

    def import_nncf(self) -> None:
        """Here and not in open(): its import takes seconds, and only some variants need it."""
        global nncf
        os.environ["NNCF_CI"] = "1"  # otherwise it sends usage statistics over the network
        try:
            import nncf
        except ImportError as problem:
            raise Unsupported(f"OpenVINO is quantized by NNCF: {problem}; install nncf") from problem

    def load(self, spec: Spec) -> None:
        if spec.onnx is None:
            raise Unsupported("openvino reads ONNX, and no ONNX file was given")
        self.spec = spec
        self.network = self.core.read_model(spec.onnx)
        self.nodes_before = operations(self.network)

    def optimize(self) -> None:
        names = {step.name for step in self.spec.steps}
        if "static-quantization" in names:
            self.quantize()
        if "dynamic-quantization" in names:
            self.compress()
        self.network.reshape(list(self.spec.pixels.shape))
        self.compiled = self.compile("bf16" if "bf16" in names else "f32")
        if "dynamic-quantization" in names and ("FullyConnected", "int8") not in executed(self.compiled):
            raise Unsupported("OpenVINO quantizes activations of fully connected layers only, and of none in this model")
        self.request = self.compiled.create_infer_request()
        self.request.set_input_tensor(openvino.Tensor(self.spec.pixels, shared_memory=True))
        self.request.set_output_tensor(openvino.Tensor(self.spec.logits, shared_memory=True))

    def quantize(self) -> None:
        images = self.spec.calibration
        if images is None:
            raise Unsupported("static-quantization looks at calibration images, and none were given")
        self.network.reshape([1, *images.shape[1:]])
        kind = nncf.ModelType.TRANSFORMER if has_attention(self.network) else None
        dataset = nncf.Dataset([numpy.array(images[i:i + 1]) for i in range(len(images))])
        self.network = nncf.quantize(self.network, dataset, subset_size=len(images), model_type=kind)
        self.passes.append(f"NNCF quantized for ranges of {len(images)} images" + (", as a transformer" if kind else ""))

    def compress(self) -> None:
        self.network = nncf.compress_weights(self.network, mode=nncf.CompressWeightsMode.INT8_SYM)
        count = sum(array.itemsize == 1 for array in weights_of(self.network))
        if not count:
            raise Unsupported("NNCF found no layer whose weights it compresses in this model")
        self.passes.append(f"NNCF compressed the weights of {count} layers")

    def compile(self, precision: str, **settings):
        return self.core.compile_model(self.network, "CPU", {
            "INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": self.spec.threads, **settings})

    def run(self, images: int) -> None:
        if images == self.spec.batch:
            self.request.infer()
        else:
            self.spec.logits[:images] = self.compiled([self.spec.padded(images)])[0][:images]

    def evidence(self) -> dict:
        weights, kernels = weights_of(self.network), executed(self.compiled)
        return {"parameters": sum(array.size for array in weights),
                "nonzero_parameters": sum(int(numpy.count_nonzero(array)) for array in weights),
                "disk_bytes": self.written(),
                "nodes_before": self.nodes_before, "nodes_after": len(kernels),
                "device": "cpu",
                "precision": self.precision(kernels),
                "threads": self.compiled.get_property("INFERENCE_NUM_THREADS"),
                "kernels": counted(f"{kind} {precision}" for kind, precision in kernels),
                "passes": self.passes, "notes": self.notes}

    def precision(self, kernels: list[tuple[str, str]]) -> str:
        """Of the products. Where weights were compressed, the network calls both kinds of activations int8."""
        if self.spec.steps and self.spec.steps[0].name == "dynamic-quantization" and not self.rounds_activations():
            self.notes.append("activations were not quantized: only weights are int8")
            return "int8 weights, f32 activations"
        found = [precision for kind, precision in kernels if kind in PRODUCTS]
        return found[0] if len(set(found)) == 1 else ", ".join(counted(found))

    def rounds_activations(self) -> bool:
        """Whether quantizing activations, which this compiled network may do, changes its answers."""
        plain = self.compile("f32", DYNAMIC_QUANTIZATION_GROUP_SIZE=0)
        images = [self.spec.pixels]
        return not numpy.array_equal(plain(images)[0], self.compiled(images)[0])

    def written(self) -> int:
        """Bytes of the network as OpenVINO saves it."""
        with tempfile.TemporaryDirectory(prefix="espalier-openvino-") as folder:
            openvino.save_model(self.network, pathlib.Path(folder) / "network.xml", compress_to_fp16=False)
            return sum(file.stat().st_size for file in pathlib.Path(folder).iterdir())


if __name__ == "__main__":
    serve(OpenVino())
