"""ONNX Runtime as a runtime: its own session and its own quantization tools.

    dynamic-quantization     quantize_dynamic of MatMul and Gemm, weights per channel; convolutions stay f32, as its
                             dynamic convolution is slower than the f32 one
    static-quantization      quantize_static in Q/DQ form, weights per channel, ranges by MinMax over the calibration

Sessions use all graph optimizations and a fixed batch. `load` reads the file, `optimize` quantizes and makes the session.
"""

import collections
import pathlib
import tempfile

if "Runtime" not in globals():
    from worker import Runtime, Spec, Step, Unsupported, serve

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}  # by the kind of device
QUANTIZED = ("Integer", "QLinear", "DynamicQuantizeMatMul", "QGemm", "QAttention")  # in the names of int8 operations


def counted(names) -> list[str]:
    """["Conv x48", ...], the most frequent first."""
    return [f"{name} x{count}" for name, count in collections.Counter(names).most_common()]


def operations(model) -> list[str]:
    return [node.op_type for node in model.graph.node if node.op_type != "Constant"]


def weights_of(model) -> list:
    """The weights of an ONNX graph as arrays: its initializers, but for shapes, scales and zero points."""
    zero_points = {tensor.name for tensor in model.graph.initializer if tensor.name.endswith("_zero_point")}
    scales = {name.removesuffix("_zero_point") + "_scale" for name in zero_points}
    kinds = {onnx.TensorProto.FLOAT, onnx.TensorProto.INT8, onnx.TensorProto.UINT8, onnx.TensorProto.INT32}
    return [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer
            if tensor.data_type in kinds and tensor.dims and tensor.name not in zero_points | scales]


def bytes_of(path: pathlib.Path) -> int:
    """Bytes of an ONNX file and of the files beside it that hold its weights."""
    model = onnx.load(path, load_external_data=False)
    beside = {entry.value for tensor in model.graph.initializer for entry in tensor.external_data
              if entry.key == "location"}
    return sum(file.stat().st_size for file in (path, *(path.parent / name for name in beside)))


class OnnxRuntime(Runtime):
    name = "onnxruntime"
    formats = ("onnx",)

    def __init__(self):
        self.passes: list[str] = []
        self.notes: list[str] = []
        self.folder = tempfile.TemporaryDirectory(prefix="espalier-onnxruntime-")

    def open(self) -> dict:
        global numpy, onnx, onnxruntime
        import numpy
        import onnx
        import onnxruntime
        available = onnxruntime.get_available_providers()
        devices = {"cpu": PROVIDERS["cpu"], "cuda:0": PROVIDERS["cuda"]}  # it does not tell how many GPUs there are
        return {"version": onnxruntime.__version__,
                "libraries": {"onnxruntime": onnxruntime.__version__, "onnx": onnx.__version__},
                "devices": [device for device, provider in devices.items() if provider in available]}

    def supports(self, steps: list[Step], device: str) -> None:
        if PROVIDERS.get(device.partition(":")[0]) not in onnxruntime.get_available_providers():
            raise Unsupported(f"this build of ONNX Runtime does not execute on '{device[:60]}'")
        if len(steps) > 1:
            raise Unsupported("onnxruntime has one treatment at a time")
        for step in steps:
            if step.name not in ("dynamic-quantization", "static-quantization") or step.parameter not in ("", "minmax"):
                raise Unsupported(f"onnxruntime has no {step.name}{step.parameter and ':' + step.parameter}")

    def load(self, spec: Spec) -> None:
        if spec.onnx is None:
            raise Unsupported("onnxruntime reads ONNX, and no ONNX file was given")
        self.spec, self.file = spec, pathlib.Path(spec.onnx)
        model = onnx.load(self.file)
        self.nodes_before = len(operations(model))
        given = {tensor.name for tensor in model.graph.initializer}
        inputs = [value for value in model.graph.input if value.name not in given]
        if len(inputs) != 1:
            raise RuntimeError(f"{spec.onnx}: a classifier has one input, not {len(inputs)}")
        first = inputs[0].type.tensor_type.shape.dim[0]
        if first.dim_value not in (0, spec.batch):
            raise RuntimeError(f"{spec.onnx}: the batch is fixed to {first.dim_value} images, not {spec.batch}")
        self.free_dimension = first.dim_param
        self.input, self.output = inputs[0].name, model.graph.output[0].name

    def optimize(self) -> None:
        for step in self.spec.steps:
            target = pathlib.Path(self.folder.name) / "quantized.onnx"
            if step.name == "dynamic-quantization":
                self.quantize_dynamically(target)
            else:
                self.quantize_statically(target)
            self.file = target
        self.session = self.session_of(self.options())
        self.binding = self.bound(self.spec.pixels, self.spec.logits)

    def quantize_dynamically(self, target: pathlib.Path) -> None:
        from onnxruntime import quantization
        quantization.quantize_dynamic(self.file, target, per_channel=True, weight_type=quantization.QuantType.QInt8,
                                      op_types_to_quantize=["MatMul", "Gemm"])
        count = collections.Counter(operations(onnx.load(target)))
        if not count["MatMulInteger"]:
            raise Unsupported("quantize_dynamic found no MatMul or Gemm with constant weights in this model")
        self.passes.append(f"quantized MatMul and Gemm x{count['MatMulInteger']}")
        if count["Conv"]:
            self.notes.append(f"Conv x{count['Conv']} stay f32")

    def quantize_statically(self, target: pathlib.Path) -> None:
        from onnxruntime import quantization
        from onnxruntime.quantization.shape_inference import quant_pre_process
        images = self.spec.calibration
        if images is None:
            raise Unsupported("static-quantization looks at calibration images, and none were given")

        class Images(quantization.CalibrationDataReader):
            def __init__(self, name: str):
                self.left = ({name: numpy.array(images[i:i + 1])} for i in range(len(images)))

            def get_next(self):
                return next(self.left, None)

        simplified = target.with_name("simplified.onnx")
        quant_pre_process(str(self.file), str(simplified), skip_symbolic_shape=True)
        quantization.quantize_static(str(simplified), str(target), Images(self.input), per_channel=True,
                                     quant_format=quantization.QuantFormat.QDQ,
                                     activation_type=quantization.QuantType.QUInt8,
                                     weight_type=quantization.QuantType.QInt8)
        simplified.unlink()
        self.passes.append(f"quantized to Q/DQ, ranges by MinMax over {len(images)} images")

    def options(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.spec.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        if self.free_dimension:
            options.add_free_dimension_override_by_name(self.free_dimension, self.spec.batch)
        return options

    def session_of(self, options):
        kind, _, index = self.spec.device.partition(":")
        provider = (PROVIDERS[kind], {"device_id": int(index or 0)}) if kind != "cpu" else PROVIDERS[kind]
        session = onnxruntime.InferenceSession(str(self.file), options, providers=[provider])
        if session.get_providers()[0] != PROVIDERS[kind]:
            raise Unsupported(f"ONNX Runtime fell back to {session.get_providers()[0]}: '{kind}' cannot be had here")
        return session

    def bound(self, pixels, logits):
        """A binding that reads and writes these arrays in place."""
        binding = self.session.io_binding()
        binding.bind_input(self.input, "cpu", 0, numpy.float32, pixels.shape, pixels.ctypes.data)
        binding.bind_output(self.output, "cpu", 0, numpy.float32, logits.shape, logits.ctypes.data)
        return binding

    def run(self, images: int) -> None:
        if images == self.spec.batch:
            self.session.run_with_iobinding(self.binding)
            self.binding.synchronize_outputs()
            return
        padded = {self.input: self.spec.padded(images)}
        self.spec.logits[:images] = self.session.run([self.output], padded)[0][:images]

    def evidence(self) -> dict:
        executed = self.executed()
        names = operations(executed)
        weights = weights_of(executed)
        int8 = sum(any(mark in name for mark in QUANTIZED) for name in names)
        return {"parameters": sum(weight.size for weight in weights),
                "nonzero_parameters": sum(int(numpy.count_nonzero(weight)) for weight in weights),
                "weight_bytes": sum(weight.nbytes for weight in weights),
                "disk_bytes": bytes_of(self.file),
                "nodes_before": self.nodes_before, "nodes_after": len(names),
                "device": self.spec.device,
                "precision": f"int8 in {int8} operations, f32 in the others" if int8 else "f32",
                "threads": self.session.get_session_options().intra_op_num_threads,
                "kernels": counted(names), "passes": self.passes, "notes": self.notes}

    def executed(self):
        """The graph that the session executes, as a second session of the same options writes it."""
        options = self.options()
        path = pathlib.Path(self.folder.name) / "executed.onnx"
        options.optimized_model_filepath = str(path)
        self.session_of(options)
        return onnx.load(path)

    def close(self) -> None:
        self.folder.cleanup()


if __name__ == "__main__":
    serve(OnnxRuntime())
