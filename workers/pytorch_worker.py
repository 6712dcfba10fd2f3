"""PyTorch as a runtime: models of transformers and timm under the tactics of the study (arXiv 2409.12878), to the call.

    compile                  torch.compile(model): default mode, the first call included
    dynamic-quantization     torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)
    local-pruning[:A]        torch.nn.utils.prune.l1_unstructured(layer, "weight", A), layer by layer
    global-pruning[:A]       torch.nn.utils.prune.global_unstructured(layers, pruning_method=L1Unstructured, amount=A)
    bf16, fp16               model.to(torch.bfloat16), model.to(torch.float16)

Layers are the model's nn.Linear and nn.Conv2d, as in Espalier's own pruning; masks are made permanent by prune.remove.
"""

import collections
import io
import json
import os
import pathlib
import re
import shutil
import tempfile
import time

if "Runtime" not in globals():
    from torch_graph import is_exported, read_exported
    from worker import Runtime, Spec, Step, Unsupported, serve

PRECISIONS = {"bf16": "bfloat16", "fp16": "float16"}
PRUNING = {"local-pruning", "global-pruning"}
SHORT = {"torch.float32": "f32", "torch.bfloat16": "bf16", "torch.float16": "fp16"}
IDLE = {"Identity", "Dropout"}  # modules that execute nothing in inference
KERNEL_CALL = re.compile(r"^ +(?:\w+ = )?(extern_kernels\.\w+|torch\.ops\.[\w.]+|cpp_\w+|triton_\w+\.run)\(", re.MULTILINE)


class Bytes(io.RawIOBase):
    """Counts what is written and keeps nothing."""

    def __init__(self):
        self.count = 0

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.count += len(data)
        return len(data)


def counted(names) -> list[str]:
    """["Linear x48", ...], the most frequent first."""
    return [f"{name} x{count}" for name, count in collections.Counter(names).most_common()]


def layers_of(model) -> list:
    """The layers that pruning may touch, each weight once."""
    found = {id(layer.weight): layer for layer in model.modules() if isinstance(layer, (nn.Linear, nn.Conv2d))}
    return list(found.values())


def quantized_in(model) -> list:
    return [module for module in model.modules() if isinstance(module, torch.ao.nn.quantized.dynamic.Linear)]


def tensors_of(model) -> list:
    """Every parameter of the model as it is executed, those that quantization packed included."""
    packed = [tensor for module in quantized_in(model) for tensor in (module.weight(), module.bias())]
    return [*model.parameters(), *(tensor for tensor in packed if tensor is not None)]


def nonzero(tensor) -> int:
    return int(torch.count_nonzero(tensor.int_repr() if tensor.is_quantized else tensor))


def modules_of(model) -> list[str]:
    """Names of the modules that execute: those without children, and the quantized ones."""
    quantized = quantized_in(model)
    inside = {id(child) for module in quantized for child in module.modules()} - set(map(id, quantized))
    leaves = (module for module in model.modules() if id(module) not in inside)
    names = [module._get_name() for module in leaves if module in quantized or not list(module.children())]
    return counted(name for name in names if name not in IDLE)


def precision_of(model) -> str:
    quantized, rest = quantized_in(model), sorted({SHORT.get(str(p.dtype), str(p.dtype)) for p in model.parameters()})
    int8 = [f"int8 weights of {len(quantized)} layers with f32 activations"] if quantized else []
    return ", ".join(int8 + rest)


def kernel_calls(folder: str) -> list[str]:
    """The kernels that compiled code calls, in the text that Inductor wrote: its own by kind, a library's by name."""
    calls = []
    for path in pathlib.Path(folder).rglob("*.py"):
        _, found, body = path.read_text().partition("def call(")
        if found:
            calls += KERNEL_CALL.findall(body.partition("runner = Runner(")[0])
    return ["generated C++ kernel" if call.startswith("cpp_") else "generated Triton kernel"
            if call.startswith("triton_") else call for call in calls]


class PyTorch(Runtime):
    name = "pytorch"
    formats = ("huggingface", "espalier")

    def __init__(self):
        self.passes: list[str] = []
        self.notes: list[str] = []
        self.cache: tempfile.TemporaryDirectory | None = None  # of Inductor, where the tactic compiles
        self.told: dict = {}                                   # evidence of the compilation

    def open(self) -> dict:
        global torch, nn, prune, transformers
        os.environ["HF_HUB_OFFLINE"] = "1"  # a folder is all there is; nothing is looked up elsewhere
        import torch
        import torch.nn.utils.prune as prune
        import transformers
        from torch import nn
        from transformers import AutoModelForImageClassification  # imports what reads models, outside all windows
        libraries = {"torch": torch.__version__, "transformers": transformers.__version__}
        try:
            import timm
            libraries["timm"] = timm.__version__
        except ImportError:
            pass  # only models of timm need it, and transformers says so
        gpus = [f"cuda:{i}" for i in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
        return {"version": torch.__version__, "libraries": libraries, "devices": ["cpu", *gpus]}

    def supports(self, steps: list[Step], device: str) -> None:
        self.supports_device(device)
        if len({step.name for step in steps}) < len(steps):
            raise Unsupported("a tactic names each treatment once")
        converted = None  # the treatment after which weights are no longer f32
        for step in steps:
            self.supports_step(step, device)
            if step.name != "compile" and converted:
                raise Unsupported(f"{step.name} needs f32 weights: name it before {converted}")
            if step.name == "dynamic-quantization" or step.name in PRECISIONS:
                converted = step.name

    def supports_device(self, device: str) -> None:
        if device == "cpu":
            return
        if not re.fullmatch(r"cuda(:\d{1,3})?", device):
            raise Unsupported(f"pytorch runs on 'cpu' and 'cuda', not on '{device[:60]}'")
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (torch.device(device).index or 0) >= count:
            raise Unsupported(f"PyTorch sees {count} CUDA devices here, and no {device}")

    def supports_step(self, step: Step, device: str) -> None:
        if step.name in PRUNING:
            step.amount()
        elif step.name == "dynamic-quantization" and step.parameter in ("", "torch"):
            if device != "cpu":
                raise Unsupported("PyTorch's quantize_dynamic has kernels for the CPU only")
        elif step.name not in ("compile", *PRECISIONS) or step.parameter:
            raise Unsupported(f"pytorch has no {step.name}{step.parameter and ':' + step.parameter}")
        elif step.name == "compile" and device == "cpu" and not shutil.which(os.environ.get("CXX", "g++")):
            raise Unsupported("torch.compile needs a C++ compiler on the CPU: install g++")
        elif step.name == "fp16" and device == "cpu" and not torch.ops.mkldnn._is_mkldnn_fp16_supported():
            raise Unsupported("this processor has no fp16 arithmetic: PyTorch would compute in f32")

    def load(self, spec: Spec) -> None:
        self.spec = spec
        torch.set_num_threads(spec.threads)
        if torch.get_num_interop_threads() != 1:
            torch.set_num_interop_threads(1)
        self.exported = is_exported(spec.model)
        self.model = (read_exported if self.exported else self.read)(spec.model).to(spec.device).eval()
        self.call = self.model
        self.kind = torch.float32
        self.pixels, self.logits = torch.from_numpy(spec.pixels), torch.from_numpy(spec.logits)
        if spec.device != "cpu":
            self.pin()
        self.synchronize()

    def pin(self) -> None:
        """Lets the GPU read the pixels where they are; otherwise each call copies them once more."""
        status = torch.cuda.cudart().cudaHostRegister(self.pixels.data_ptr(), self.pixels.nbytes, 0)
        if int(status) != 0:
            self.notes.append(f"the pixels could not be pinned (cudaHostRegister: {int(status)}): each call copies them")

    def read(self, folder: str):
        """The model of a folder, with every weight from its file: transformers would draw a missing one at random."""
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
        if "model_type" not in config and "architecture" not in config:
            raise Unsupported(f"{folder}/config.json names no model_type of transformers and no architecture of timm")
        model, told = transformers.AutoModelForImageClassification.from_pretrained(
            folder, local_files_only=True, output_loading_info=True)
        if told["missing_keys"]:
            missing = sorted(told["missing_keys"])
            raise RuntimeError(f"{folder}: {len(missing)} weights are missing, {missing[0]} among them")
        return model.float()

    def optimize(self) -> None:
        for step in sorted(self.spec.steps, key=lambda step: step.name == "compile"):
            if step.name in PRUNING:
                self.prune(step)
            elif step.name == "dynamic-quantization":
                self.quantize()
            elif step.name == "compile":
                self.compile()
            else:
                self.convert(step.name)
        self.synchronize()

    def prune(self, step: Step) -> None:
        layers, amount = layers_of(self.model), step.amount()
        if step.name == "local-pruning":
            for layer in layers:
                prune.l1_unstructured(layer, "weight", amount)
        else:
            prune.global_unstructured([(layer, "weight") for layer in layers],
                                      pruning_method=prune.L1Unstructured, amount=amount)
        for layer in layers:
            prune.remove(layer, "weight")
        total = sum(layer.weight.numel() for layer in layers)
        zeros = total - sum(nonzero(layer.weight) for layer in layers)
        self.passes.append(f"{step.name}: {zeros} of {total} weights are zero, in {len(layers)} layers")
        self.notes.append("zeros of pruning are multiplied like other weights: PyTorch's kernels are dense")

    def quantize(self) -> None:
        before = sum(isinstance(module, nn.Linear) for module in self.model.modules())
        self.model = self.call = torch.ao.quantization.quantize_dynamic(self.model, {nn.Linear}, dtype=torch.qint8)
        after = len(quantized_in(self.model))
        if not after:
            raise Unsupported("quantize_dynamic replaced no module: this model has no nn.Linear")
        self.passes.append(f"quantized Linear x{after} of {before}, engine {torch.backends.quantized.engine}")

    def convert(self, name: str) -> None:
        self.kind = getattr(torch, PRECISIONS[name])
        self.model.to(self.kind)
        try:
            self.forward(self.pixels)
        except RuntimeError as problem:  # some models keep f32 tables that no conversion reaches
            raise Unsupported(f"PyTorch cannot execute this model in {name}: {problem}") from problem
        self.passes.append(f"{name}: all weights and activations")
        if self.spec.device == "cpu" and name == "bf16" and not torch.cpu._is_avx512_bf16_supported():
            self.notes.append("this processor has no bf16 products: PyTorch widens to f32 inside its kernels")

    def compile(self) -> None:
        """Compiles as a process without a cache of earlier ones does: into a folder of its own, by the first call."""
        self.cache = tempfile.TemporaryDirectory(prefix="espalier-inductor-")
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = self.cache.name
        os.environ["TRITON_CACHE_DIR"] = os.path.join(self.cache.name, "triton")
        torch._inductor.config.compile_threads = self.spec.threads
        seconds = self.first_call()
        counters = torch._dynamo.utils.counters
        breaks, graphs = counters["graph_break"], counters["stats"]["unique_graphs"]
        if not graphs:
            raise RuntimeError("torch.compile captured no graph: everything would run as without it")
        calls = kernel_calls(self.cache.name)
        self.passes.append(f"compiled {graphs} graphs of {counters['stats']['calls_captured']} operations")
        self.notes += [f"graph break x{count}: {why.splitlines()[0][:120]}" for why, count in breaks.items()]
        self.told = {"kernels": counted(calls), "optimize": {"cold_s": seconds}}
        if graphs == 1 and not breaks:
            self.told |= {"nodes_before": counters["stats"]["calls_captured"], "nodes_after": len(calls)}

    def first_call(self) -> float:
        """Seconds of torch.compile and the call that makes it do something."""
        torch._dynamo.reset()
        torch._dynamo.utils.counters.clear()
        start = time.perf_counter()
        self.call = torch.compile(self.model)
        self.forward(self.pixels)
        self.synchronize()
        return time.perf_counter() - start

    def forward(self, pixels):
        with torch.inference_mode():
            pixels = pixels.to(self.spec.device).to(self.kind)  # at once, the processor would convert
            return self.call(pixels) if self.exported else self.call(pixels, return_dict=True).logits

    def run(self, images: int) -> None:
        if images == self.spec.batch:
            self.logits.copy_(self.forward(self.pixels))
        elif self.cache:  # another number of images would compile once more
            self.logits[:images] = self.forward(torch.from_numpy(self.spec.padded(images)))[:images]
        else:
            self.logits[:images] = self.forward(self.pixels[:images])
        self.synchronize()

    def synchronize(self) -> None:
        if self.spec.device != "cpu":
            torch.cuda.synchronize(self.spec.device)

    def evidence(self) -> dict:
        tensors, written = tensors_of(self.model), Bytes()
        torch.save(self.model.state_dict(), written)
        if self.cache and "warm_s" not in self.told["optimize"]:
            self.compile_again()
        return {"parameters": sum(tensor.numel() for tensor in tensors),
                "nonzero_parameters": sum(map(nonzero, tensors)),
                "weight_bytes": sum(held.numel() * held.element_size() for held in (*tensors, *self.model.buffers())),
                "disk_bytes": written.count,
                "device": ", ".join(sorted({str(tensor.device) for tensor in tensors})),
                "precision": precision_of(self.model),
                "threads": torch.get_num_threads(),
                "kernels": modules_of(self.model),
                "passes": self.passes, "notes": self.notes} | self.told

    def compile_again(self) -> None:
        """Times a second compilation, which finds the cache of the first one; unknown where it did not."""
        seconds = self.first_call()
        found = torch._dynamo.utils.counters["inductor"]
        if found["fxgraph_cache_hit"] and not found["fxgraph_cache_miss"]:
            self.told["optimize"]["warm_s"] = seconds

    def close(self) -> None:
        if self.cache:
            self.cache.cleanup()


if __name__ == "__main__":
    serve(PyTorch())
