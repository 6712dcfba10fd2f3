"""A folder that Espalier exported, as a PyTorch module: whatever Espalier reads, ONNX models too, runs in PyTorch.

Convolutions, linear layers and normalizations become the modules of torch.nn that a PyTorch user would have, so that
torch.compile, quantize_dynamic and torch.nn.utils.prune treat them as such; everything else is a function call. What no
PyTorch module stands for (quantized and fused operations) is refused: it is Espalier's own optimization.
"""

import json
import pathlib

if "Unsupported" not in globals():
    from worker import Unsupported

EXPORT = "espalier.json"
SCHEMA = "espalier.graph/1"


def is_exported(folder: str) -> bool:
    return (pathlib.Path(folder) / EXPORT).is_file()


def read_exported(folder: str):
    """The network of the folder as a torch.nn.Module: pixel values f32 [N, C, H, W] to logits f32 [N, classes]."""
    from safetensors.torch import load_file
    graph = json.loads((pathlib.Path(folder) / EXPORT).read_text())["graph"]
    if graph.get("schema") != SCHEMA:
        raise RuntimeError(f"{folder}: a graph of schema {graph.get('schema')}, where this worker reads {SCHEMA}")
    return module_of(graph["nodes"], graph["output"], load_file(pathlib.Path(folder) / "model.safetensors"))


def unary(attributes: dict):
    """The function of a pointwise operation, or of the activation behind another one."""
    import torch
    from torch.nn import functional
    kind, low, high = attributes["kind"], attributes["lo"], attributes["hi"]
    return {"relu": functional.relu, "clip": lambda x: torch.clamp(x, low, high), "gelu": functional.gelu,
            "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"), "silu": functional.silu,
            "sigmoid": torch.sigmoid, "tanh": torch.tanh, "hard_swish": functional.hardswish,
            "hard_sigmoid": functional.hardsigmoid, "erf": torch.erf, "exp": torch.exp, "log": torch.log,
            "sqrt": torch.sqrt, "reciprocal": torch.reciprocal, "neg": torch.neg, "abs": torch.abs}[kind]


def binary(attributes: dict):
    import torch
    return {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow,
            "min": torch.minimum, "max": torch.maximum}[attributes["kind"]]


def reshape(attributes: dict):
    dims = attributes["dims"]
    return lambda x: x.reshape([x.shape[axis] if extent == 0 else extent for axis, extent in enumerate(dims)])


def slice_of(attributes: dict):
    axis, step = attributes["axis"], attributes["step"]
    taken = slice(attributes["begin"], attributes["end"], step)
    return lambda x: x[(slice(None),) * (axis % x.dim()) + (taken,)]


def gather(attributes: dict):
    import torch
    indices = torch.tensor(attributes["indices"])
    return lambda x: torch.index_select(x, attributes["axis"], indices.to(x.device))


def pad(attributes: dict):
    from torch.nn import functional
    pairs = zip(reversed(attributes["before"]), reversed(attributes["after"]), strict=True)
    widths = [width for pair in pairs for width in pair]  # of the last axis first
    return lambda x: functional.pad(x, widths, value=attributes["value"])


def reduce(attributes: dict):
    import torch
    function = {"mean": torch.mean, "sum": torch.sum, "max": torch.amax}[attributes["kind"]]
    return lambda x: function(x, dim=attributes["axes"], keepdim=attributes["keep_axes"])


def softmax(attributes: dict):
    import torch
    return lambda x: (torch.log_softmax if attributes["log"] else torch.softmax)(x, attributes["axis"])


def pool(attributes: dict):
    from torch.nn import functional
    top, left, bottom, right = attributes["pad"]
    kernel, stride, ceil = attributes["kernel"], attributes["stride"], attributes["ceil"]
    average = attributes["kind"] == "average"

    def apply(x):
        symmetric = (top, left) == (bottom, right) and 2 * top <= kernel[0] and 2 * left <= kernel[1]
        inner = (top, left)
        if not symmetric:
            if average and not attributes["count_include_pad"]:
                raise Unsupported("PyTorch has no mean over a window that is padded on one side")
            x = functional.pad(x, (left, right, top, bottom), value=0.0 if average else -float("inf"))
            inner = (0, 0)
        if average:
            return functional.avg_pool2d(x, kernel, stride, inner, ceil, attributes["count_include_pad"])
        return functional.max_pool2d(x, kernel, stride, inner, ceil_mode=ceil)

    return apply


def matmul(attributes: dict):
    return lambda a, b: a @ (b.transpose(-1, -2) if attributes["transpose_b"] else b)


def attention(attributes: dict):
    from torch.nn import functional
    heads, scale = attributes["heads"], attributes["scale"]

    def split(x):
        return x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)

    def apply(q, k=None, v=None, bias=None):
        if k is None:
            q, k, v = q.chunk(3, -1)
        if bias is not None and bias.dim() == 4 and bias.shape[0] != q.shape[0]:
            bias = bias.repeat(q.shape[0] // bias.shape[0], 1, 1, 1)
        y = functional.scaled_dot_product_attention(split(q), split(k), split(v), attn_mask=bias, scale=scale)
        return y.transpose(1, 2).flatten(2)

    return apply


def concat(attributes: dict):
    import torch
    return lambda *parts: torch.cat(parts, attributes["axis"])


def transpose(attributes: dict):
    return lambda x: x.permute(attributes["perm"])


def broadcast_batch(attributes: dict):
    return lambda x, like: x.expand(like.shape[0], *x.shape[1:])


FUNCTIONS = {"unary": unary, "binary": binary, "reshape": reshape, "slice": slice_of, "gather": gather, "pad": pad,
             "reduce": reduce, "softmax": softmax, "pool2d": pool, "matmul": matmul, "attention": attention,
             "concat": concat, "transpose": transpose, "broadcast_batch": broadcast_batch}


def conv2d(attributes: dict, weight, bias=None):
    from torch import nn
    top, left, bottom, right = attributes["pad"]
    symmetric = (top, left) == (bottom, right)
    groups = attributes["groups"]
    layer = nn.Conv2d(weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]), tuple(attributes["stride"]),
                      (top, left) if symmetric else 0, tuple(attributes["dilation"]), groups, bias is not None)
    layer.weight, layer.bias = weight, bias
    return layer if symmetric else nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), layer)


def linear(attributes: dict, weight, bias=None):
    from torch import nn
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias is not None)
    layer.weight, layer.bias = weight, bias
    return layer


def batch_norm(attributes: dict, weight, bias, mean, variance):
    from torch import nn
    layer = nn.BatchNorm2d(weight.shape[0], attributes["eps"])
    layer.weight, layer.bias = weight, bias
    layer.running_mean, layer.running_var = mean.detach(), variance.detach()
    layer._check_input_dim = lambda x: None  # the same formula for [N, C], whose rank is not known here
    return layer


def group_norm(attributes: dict, weight, bias):
    from torch import nn
    layer = nn.GroupNorm(attributes["groups"], weight.shape[0], attributes["eps"])
    layer.weight, layer.bias = weight, bias
    return layer


def layer_norm(attributes: dict, weight, bias=None):
    from torch import nn
    layer = nn.LayerNorm(weight.shape[0], attributes["eps"], bias=bias is not None)
    layer.weight, layer.bias = weight, bias
    return layer


MODULES = {"conv2d": conv2d, "linear": linear, "batch_norm": batch_norm, "group_norm": group_norm,
           "layer_norm": layer_norm}


def module_of(nodes: list[dict], output: int, tensors: dict):
    """The module that executes the nodes in their order. Constants become parameters of the modules that use them as
    weights, and buffers where a function uses them."""
    import torch
    from torch import nn

    parameters = {name: nn.Parameter(tensor, requires_grad=False) for name, tensor in tensors.items()
                  if tensor.is_floating_point()}

    class Graph(nn.Module):
        def __init__(self):
            super().__init__()
            # (index of the result, its function or the name of its module, activation, indices of the inputs). A name,
            # because tactics put other modules in the place of a layer.
            self.steps = []
            self.inputs = [index for index, node in enumerate(nodes) if node["op"] == "input"]
            self.constants = {}
            for index, node in enumerate(nodes):
                if node["op"] not in ("input", "constant"):
                    self.add(index, node)
            self.last = {}
            for index, _, _, inputs in self.steps:
                for value in inputs:
                    self.last[value] = index

        def add(self, index: int, node: dict):
            op, attributes, inputs = node["op"], node.get("attributes", {}), node["inputs"]
            activation = unary(attributes["activation"]) if attributes.get("activation") else None
            if attributes.get("layout", "nchw") != "nchw" or op not in MODULES | FUNCTIONS:
                raise Unsupported(f"PyTorch has nothing for '{op}' of the node '{node['name']}', which is an optimized "
                                  "form: give the original model")
            if op in MODULES and all(nodes[i]["op"] == "constant" for i in inputs[1:]) and len(inputs) > 1:
                module = MODULES[op](attributes, *(parameters[nodes[i]["name"]] for i in inputs[1:]))
                name = f"{op}_{index}"
                self.add_module(name, module)
                self.steps.append((index, name, activation, inputs[:1]))
                return
            if op not in FUNCTIONS:
                raise Unsupported(f"the weights of the node '{node['name']}' are computed, which no module of PyTorch has")
            for i in inputs:
                if nodes[i]["op"] == "constant" and i not in self.constants:
                    self.constants[i] = f"constant_{i}"
                    self.register_buffer(self.constants[i], tensors[nodes[i]["name"]])
            self.steps.append((index, FUNCTIONS[op](attributes), activation, inputs))

        def forward(self, pixels):
            values = {self.inputs[0]: pixels} | {i: getattr(self, name) for i, name in self.constants.items()}
            for index, function, activation, inputs in self.steps:
                function = getattr(self, function) if isinstance(function, str) else function
                value = function(*(values[i] for i in inputs))
                values[index] = activation(value) if activation else value
                for i in inputs:
                    if self.last[i] == index and i != output:
                        values.pop(i, None)
            return values[output]

    return Graph().eval()
