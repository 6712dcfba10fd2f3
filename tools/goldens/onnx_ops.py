"""Small ONNX models, one per operation and way of writing it, and what ONNX Runtime computes, written to onnx_ops/.

    python onnx_ops.py

Every model takes `input` [N, 3, 4, 6] (or what its case says) and gives [N, features]. expected.json holds, per model,
the shape of the input it was run on, x[i] = ((i * 2654435761) mod 2^32) / 2^32 * 2 - 1 in float32 (plus `offset` of the
case), and the output, flat. Graph optimization is off. Made with onnx 1.23 and onnxruntime 1.32.
"""

import json
import pathlib
import shutil

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OUT = pathlib.Path(__file__).parent / "onnx_ops"
RANDOM = np.random.default_rng(20261)


class Model:
    """A graph under construction: call it with an op_type to append a node."""

    def __init__(self, opset=17, shape=(None, 3, 4, 6), dtype=TensorProto.FLOAT):
        self.opset, self.shape, self.dtype = opset, shape, dtype
        self.nodes, self.weights, self.count = [], [], 0
        self.functions, self.domains, self.reversed = [], [], False

    def weight(self, values, dtype=np.float32):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def random(self, *shape):
        return self.weight(RANDOM.normal(size=shape))

    def ints(self, *values):
        return self.weight(values, np.int64)

    def scalar(self, value, dtype=np.float32):
        return self.weight(np.asarray(value), dtype)

    def __call__(self, op, *inputs, outputs=1, **attributes):
        names = [f"v{self.count + i}" for i in range(outputs)]
        self.count += outputs
        self.nodes.append(helper.make_node(op, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def build(self, output):
        flat = self("Flatten", output, axis=1)
        dims = ["N" if d is None else d for d in self.shape]
        graph = helper.make_graph(self.nodes, "case", [helper.make_tensor_value_info("input", self.dtype, dims)],
                                  [helper.make_tensor_value_info(flat, self.dtype, ["N", None])], self.weights)
        opsets = [helper.make_opsetid("", self.opset)] + [helper.make_opsetid(domain, 1) for domain in self.domains]
        model = helper.make_model(graph, opset_imports=opsets, functions=self.functions)
        model.ir_version = min(model.ir_version, 9)
        if "com.microsoft" not in self.domains:
            onnx.checker.check_model(model)
        if self.reversed:  # which the specification forbids and ONNX Runtime allows
            nodes = list(model.graph.node)[::-1]
            del model.graph.node[:]
            model.graph.node.extend(nodes)
        return model


CASES = {}


def case(function=None, *, opset=17, shape=(None, 3, 4, 6), offset=0.0, run=None, dtype=TensorProto.FLOAT):
    def enrol(body):
        CASES[body.__name__] = (body, dict(opset=opset, shape=shape, dtype=dtype), offset, run)
        return body
    return enrol(function) if function else enrol


@case
def conv_asymmetric(m):
    return m("Conv", "input", m.random(4, 3, 3, 2), m.random(4), pads=[1, 0, 0, 1], strides=[2, 1], dilations=[1, 2])


@case
def conv_groups(m):
    return m("Conv", "input", m.random(6, 1, 2, 2), group=3)


@case(shape=(None, 3, 5, 7))
def conv_same_upper(m):
    return m("Conv", "input", m.random(2, 3, 3, 4), auto_pad="SAME_UPPER", strides=[2, 2])


@case(shape=(None, 3, 5, 7))
def conv_same_lower(m):
    return m("Conv", "input", m.random(2, 3, 4, 3), auto_pad="SAME_LOWER", strides=[2, 3])


@case
def conv_valid_and_bias_apart(m):
    y = m("Conv", "input", m.random(4, 3, 3, 3), auto_pad="VALID")
    return m("Add", m.random(1, 4, 1, 1), y)


@case
def gemm_scaled(m):
    x = m("Flatten", "input")
    return m("Gemm", x, m.random(72, 5), m.random(1, 5), alpha=0.5, beta=2.0)


@case
def gemm_transposed(m):
    return m("Gemm", m("Flatten", "input"), m.random(5, 72), m.random(5), transB=1, beta=0.25)


@case
def gemm_scalar_bias(m):
    return m("Gemm", m("Flatten", "input"), m.random(72, 4), m.scalar(0.5))


@case
def matmul_right_constant(m):
    return m("Add", m("MatMul", "input", m.random(6, 5)), m.random(5))


@case
def matmul_left_constant(m):
    return m("MatMul", m.random(5, 4), "input")


@case
def matmul_batched(m):
    return m("MatMul", "input", m("Transpose", "input", perm=[0, 1, 3, 2]))


@case
def arithmetic(m):
    y = m("Add", "input", m.random(3, 1, 1))
    y = m("Sub", m.random(1, 3, 4, 6), y)
    y = m("Mul", y, m("Div", "input", m.scalar(3.0)))
    return m("Min", m("Max", y, m.random(6)), m.scalar(0.7))


@case(offset=1.5)
def powers(m):
    return m("Add", m("Pow", "input", m.scalar(3.0)), m("Pow", m.scalar(2.0), "input"))


@case
def max_of_three(m):
    return m("Max", "input", m.random(6), m.random(4, 1))


@case
def sum_of_three(m):
    return m("Sum", "input", m.random(6), "input")


@case
def batch_normalization(m):
    return m("BatchNormalization", "input", m.random(3), m.random(3), m.random(3),
             m.weight(RANDOM.uniform(0.5, 2, 3)), epsilon=0.01)


@case
def layer_normalization(m):
    return m("LayerNormalization", "input", m.random(6), m.random(6), axis=-1, epsilon=1e-3)


def layer_norm_by_hand(m, square, divide, axes_as_input):
    axes = [m.ints(-1)] if axes_as_input else []
    attributes = {} if axes_as_input else dict(axes=[-1])
    d = m("Sub", "input", m("ReduceMean", "input", *axes, **attributes))
    power = m("Mul", d, d) if square else m("Pow", d, m.scalar(2.0))
    deviation = m("Sqrt", m("Add", m("ReduceMean", power, *axes, **attributes), m.scalar(1e-5)))
    y = m("Div", d, deviation) if divide else m("Mul", d, m("Reciprocal", deviation))
    return m("Add", m.random(6), m("Mul", y, m.random(6)))


@case(opset=13)
def layer_norm_by_hand_div(m):
    return layer_norm_by_hand(m, False, True, False)


@case(opset=18)
def layer_norm_by_hand_reciprocal(m):
    return layer_norm_by_hand(m, True, False, True)


@case
def unary_functions(m):
    y = m("Relu", "input")
    for op in ("Sigmoid", "Tanh", "Erf", "Exp", "Neg", "Abs"):
        y = m("Add", y, m(op, "input"))
    return y


@case(offset=1.5)
def positive_functions(m):
    return m("Add", m("Log", "input"), m("Mul", m("Sqrt", "input"), m("Reciprocal", "input")))


@case(opset=11)
def clip_both(m):
    return m("Clip", "input", m.scalar(-0.25), m.scalar(0.5))


@case(opset=13)
def clip_one_sided(m):
    return m("Add", m("Clip", "input", m.scalar(0.0)), m("Clip", "input", "", m.scalar(0.1)))


@case
def hard_sigmoid(m):
    return m("Add", m("HardSigmoid", "input"), m("HardSigmoid", "input", alpha=1 / 6, beta=0.5))


@case
def hard_swish(m):
    return m("HardSwish", m("Mul", "input", m.scalar(5.0)))


@case
def hard_swish_by_hand(m):
    x = m("Mul", "input", m.scalar(5.0))
    gate = m("Clip", m("Add", x, m.scalar(3.0)), m.scalar(0.0), m.scalar(6.0))
    return m("Add", m("Div", m("Mul", x, gate), m.scalar(6.0)), m("Mul", x, m("HardSigmoid", x, alpha=1 / 6, beta=0.5)))


@case
def hard_sigmoid_by_hand(m):
    x = m("Mul", "input", m.scalar(5.0))
    return m("Div", m("Clip", m("Add", m.scalar(3.0), x), m.scalar(0.0), m.scalar(6.0)), m.scalar(6.0))


@case
def silu_by_hand(m):
    return m("Mul", m("Sigmoid", "input"), "input")


@case(opset=20)
def gelu(m):
    return m("Add", m("Gelu", "input"), m("Gelu", "input", approximate="tanh"))


def doubled_cdf(m):
    return m("Add", m("Erf", m("Div", "input", m.scalar(2**0.5))), m.scalar(1.0))


@case
def gelu_by_hand_first(m):
    return m("Mul", m("Mul", "input", doubled_cdf(m)), m.scalar(0.5))


@case
def gelu_by_hand_second(m):
    return m("Mul", m("Mul", m.scalar(0.5), "input"), doubled_cdf(m))


@case
def gelu_by_hand_third(m):
    cdf = m("Mul", m("Add", m.scalar(1.0), m("Erf", m("Mul", "input", m.scalar(0.5**0.5)))), m.scalar(0.5))
    return m("Mul", "input", cdf)


@case
def not_quite_gelu(m):
    return m("Mul", m("Mul", "input", doubled_cdf(m)), m.scalar(0.51))


@case(opset=11)
def softmax_joint(m):
    return m("Softmax", "input", axis=2)


@case(opset=11)
def softmax_joint_default(m):
    return m("LogSoftmax", "input")


@case(opset=13)
def softmax_one_axis(m):
    return m("Add", m("Softmax", "input", axis=1), m("LogSoftmax", "input"))


@case(shape=(None, 2, 7, 6))
def max_pool(m):
    return m("MaxPool", "input", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1], ceil_mode=1)


@case(shape=(None, 2, 7, 6))
def average_pool(m):
    a = m("AveragePool", "input", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    b = m("AveragePool", "input", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
    return m("Sub", a, b)


@case
def global_pools(m):
    return m("Concat", m("GlobalAveragePool", "input"), m("GlobalMaxPool", "input"), axis=1)


@case(opset=13)
def reduce_by_attribute(m):
    return m("Add", m("ReduceMean", "input", axes=[-1, 2], keepdims=1), m("ReduceMax", "input", axes=[3]))


@case
def reduce_max_inner_axes(m):
    one = m("ReduceMax", m("Neg", "input"), axes=[1], keepdims=0)
    all_ = m("ReduceMax", "input", axes=[2, 1, -1], keepdims=1)
    return m("Concat", m("Flatten", one), m("Flatten", all_), axis=1)


@case(opset=18)
def reduce_by_input(m):
    return m("ReduceSum", m("ReduceMean", "input", m.ints(-1), keepdims=0), m.ints(1), keepdims=0)


@case
def reshape_keep_and_infer(m):
    return m("Softmax", m("Reshape", "input", m.ints(0, 0, -1)), axis=-1)


@case
def reshape_by_shape_arithmetic(m):
    shape = m("Shape", "input")
    batch = m("Gather", shape, m.scalar(0, np.int64), axis=0)
    channels = m("Gather", shape, m.scalar(1, np.int64), axis=0)
    height = m("Squeeze", m("Slice", shape, m.ints(2), m.ints(3)), m.ints(0))
    rows = m("Mul", batch, m("Div", m("Mul", channels, height), m.scalar(2, np.int64)))
    target = m("Concat", m("Unsqueeze", rows, m.ints(0)), m.ints(-1), axis=0)
    y = m("Softmax", m("Reshape", "input", target), axis=-1)
    return m("Reshape", y, m("Cast", m("Concat", m("Unsqueeze", batch, m.ints(0)), m.ints(-1), axis=0),
                             to=TensorProto.INT64))


@case(shape=(1, 3, 4, 6), run=1)
def reshape_fixed_batch(m):
    y = m("Reshape", "input", m.ints(1, 6, 12))
    return m("Reshape", m("Transpose", y, perm=[0, 2, 1]), m.ints(1, -1))


@case
def transposes(m):
    return m("MatMul", m("Transpose", "input", perm=[0, 3, 2, 1]), m("Transpose", m.random(5, 3)))


@case(shape=(1, 3, 4, 6), run=1)
def concat_fixed_batch(m):
    return m("Concat", m.random(1, 2, 4, 6), "input", axis=1)


@case
def concat_with_constant(m):
    rows = m("Expand", m.random(1, 1, 4, 6), m("Concat", m("Shape", "input", start=0, end=1), m.ints(1, 4, 6), axis=0))
    return m("Concat", "input", rows, axis=-3)


@case(opset=11)
def split_by_attribute(m):
    a, b = m("Split", "input", axis=-1, split=[2, 4], outputs=2)
    return m("Concat", b, a, axis=3)


@case(opset=13)
def split_by_input(m):
    a, b, c = m("Split", "input", m.ints(1, 3, 2), axis=3, outputs=3)
    return m("Concat", c, a, b, axis=3)


@case(opset=18)
def split_evenly(m):
    a, b = m("Split", "input", axis=2, num_outputs=2, outputs=2)
    return m("Sub", a, b)


@case
def slice_axes(m):
    return m("Slice", "input", m.ints(1, -5), m.ints(2**63 - 1, -1), m.ints(2, 3), m.ints(1, 2))


@case
def slice_backwards(m):
    return m("Slice", "input", m.ints(-1, 4), m.ints(-2**63, 0), m.ints(1, 3), m.ints(-1, -2))


@case
def pad_constant(m):
    return m("Pad", "input", m.ints(0, 0, 1, 0, 0, 2, 0, 3), m.scalar(-2.5))


@case(opset=18)
def pad_some_axes(m):
    return m("Pad", "input", m.ints(1, 2), "", m.ints(-1))


@case
def gather_forms(m):
    one = m("Gather", "input", m.scalar(-1, np.int64), axis=2)
    list_ = m("Gather", "input", m.ints(5, 0, 0, -2), axis=3)
    table = m("Gather", "input", m.weight([[0, 2], [1, -1]], np.int64), axis=1)
    flat = [m("Flatten", y) for y in (one, list_, table)]
    return m("Concat", *flat, axis=1)


@case
def squeeze_and_unsqueeze(m):
    y = m("Unsqueeze", m("ReduceMean", "input", axes=[2]), m.ints(-1))
    return m("Squeeze", y, m.ints(2))


@case
def class_token(m):
    x = m("Transpose", m("Reshape", "input", m.ints(0, 3, -1)), perm=[0, 2, 1])
    shape = m("Concat", m("Shape", x, start=0, end=1), m.ints(-1, -1), axis=0)
    ones = m("ConstantOfShape", m("Shape", shape), value=numpy_helper.from_array(np.array([1], np.int64)))
    same = m("Equal", shape, m("Mul", ones, m.scalar(-1, np.int64)))
    token = m("Expand", m.random(1, 1, 3), m("Where", same, ones, shape))
    return m("Concat", token, x, axis=1)


@case
def expand_inner_axes(m):
    mean = m("ReduceMean", "input", axes=[1, 3])
    return m("Mul", m("Expand", mean, m.ints(1, 3, 4, 6)), "input")


@case
def zeros_for_each_image(m):
    shape = m("Concat", m("Shape", "input", end=1), m.ints(1, 4, 6), axis=0)
    rows = m("ConstantOfShape", shape, value=numpy_helper.from_array(np.array([0.5], np.float32)))
    return m("Concat", rows, "input", axis=1)


@case
def constants_in_all_forms(m):
    y = m("Mul", "input", m("Constant", value_float=1.5))
    y = m("Add", y, m("Constant", value_floats=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    y = m("Add", y, m("Cast", m("Constant", value_int=3), to=TensorProto.FLOAT))
    return m("Reshape", y, m("Constant", value_ints=[0, -1]))


@case
def constants_are_folded(m):
    w = m("Transpose", m.random(5, 6))
    w = m("Mul", w, m("Sqrt", m("Cast", m("Range", m.scalar(1, np.int64), m.scalar(6, np.int64), m.scalar(1, np.int64)),
                                to=TensorProto.FLOAT)))
    w = m("Concat", w, m("Unsqueeze", m.random(6), m.ints(1)), axis=1)
    return m("MatMul", "input", m("Slice", w, m.ints(0), m.ints(5), m.ints(1)))


@case
def quantized_per_tensor(m):
    scale, zero = m.scalar(0.02), m.scalar(120, np.uint8)
    return m("DequantizeLinear", m("QuantizeLinear", "input", scale, zero), scale, zero)


@case
def quantized_weights_per_axis(m):
    w = m("DequantizeLinear", m.weight(RANDOM.integers(-127, 128, (4, 3, 2, 2)), np.int8),
          m.weight(RANDOM.uniform(0.01, 0.02, 4)), m.weight([0, 0, 0, 0], np.int8), axis=0)
    b = m("DequantizeLinear", m.weight([100, -50, 7, 0], np.int32), m.scalar(0.01))
    return m("Conv", m("DequantizeLinear", m("QuantizeLinear", "input", m.scalar(0.01), m.scalar(0, np.int8)),
                       m.scalar(0.01), m.scalar(0, np.int8)), w, b)


@case
def quantized_matrix_per_axis(m):
    w = m("DequantizeLinear", m.weight(RANDOM.integers(-127, 128, (6, 5)), np.int8), m.weight(RANDOM.uniform(0.01, 0.02, 5)),
          m.weight([0] * 5, np.int8), axis=-1)
    return m("MatMul", "input", w)


@case
def quantized_matrix(m):
    w = m("DequantizeLinear", m.weight(RANDOM.integers(0, 256, (6, 5)), np.uint8), m.scalar(0.01), m.scalar(128, np.uint8))
    return m("MatMul", "input", w)


@case(shape=(None, 5, 7, 3))
def channels_last_input(m):
    y = m("Conv", m("Transpose", "input", perm=[0, 3, 1, 2]), m.random(4, 3, 3, 3))
    return m("Transpose", y, perm=[0, 2, 3, 1])


@case
def identities(m):
    return m("Relu", m("Identity", m("Dropout", m("Cast", "input", to=TensorProto.FLOAT))))


@case
def comparisons_and_logic(m):
    row = m("Range", m.scalar(0, np.int64), m.scalar(6, np.int64), m.scalar(1, np.int64))
    few = m("And", m("Less", row, m.scalar(5, np.int64)), m("GreaterOrEqual", row, m.scalar(1, np.int64)))
    floats = m.random(4, 6)
    positive = m("Not", m("LessOrEqual", floats, m.scalar(0.0)))
    odd = m("Xor", m("Or", few, positive), m("Equal", floats, floats))
    mask = m("Where", m("Greater", m("Cast", odd, to=TensorProto.FLOAT), m.scalar(0.5)), m.scalar(-2.0), floats)
    return m("Add", "input", mask)


@case
def where_with_a_constant_condition(m):
    mask = m.weight(RANDOM.integers(0, 2, (4, 6)), np.bool_)
    return m("Add", m("Where", mask, "input", m.scalar(-100.0)), m("Where", mask, m.random(6), "input"))


@case
def remainders(m):
    shape = m("Shape", "input")
    width = m("Gather", shape, m.scalar(3, np.int64), axis=0)
    missing = m("Mod", m("Sub", m.scalar(4, np.int64), m("Mod", width, m.scalar(4, np.int64))), m.scalar(4, np.int64))
    pads = m("Concat", m.ints(0, 0, 0, 0, 0, 0, 0), m("Unsqueeze", missing, m.ints(0)), axis=0)
    signs = m("Mod", m.ints(-7, 7, -7), m.ints(3, -3, -3))
    y = m("Mul", m("Pad", "input", pads), m("Reshape", m("Cast", signs, to=TensorProto.FLOAT), m.ints(3, 1, 1)))
    return m("Add", y, m("Cast", m("Mod", m.scalar(-7, np.int64), m.scalar(3, np.int64), fmod=1), to=TensorProto.FLOAT))


@case
def rounding_of_constants(m):
    w = m.weight([-1.5, -0.5, 0.5, 1.5, 2.5, 2.6])
    y = m("Add", m("Floor", w), m("Mul", m("Ceil", w), m.scalar(10.0)))
    y = m("Add", y, m("Mul", m("Round", w), m.scalar(100.0)))
    return m("Mul", "input", m("Add", y, m("Sign", w)))


@case
def einsum_of_two(m):
    y = m("Einsum", "input", m("Mul", "input", m.scalar(0.5)), equation="n c i d, n c j d -> n c i j")
    return m("Einsum", y, "input", equation="ncij,ncjd->nicd")


@case
def einsum_with_weights(m):
    y = m("Einsum", "input", m.random(6, 2, 5), equation="nchw,wab->nchab")
    return m("Einsum", y, m.random(3, 4, 2), equation="nchab,cha->nbch")


@case
def matmul_of_five_axes(m):
    y = m("Unsqueeze", "input", m.ints(1))
    y = m("Concat", y, m("Neg", y), axis=1)
    return m("MatMul", y, m("Transpose", y, perm=[0, 1, 2, 4, 3]))


@case
def matmul_broadcast(m):
    y = m("MatMul", "input", m.random(3, 6, 5))
    return m("MatMul", m("ReduceMean", y, axes=[1]), m("Transpose", y, perm=[0, 1, 3, 2]))


@case
def scatter_nd_builds_a_mask(m):
    zeros = m("ConstantOfShape", m.ints(4, 6), value=numpy_helper.from_array(np.array([0], np.float32)))
    mask = m("ScatterND", zeros, m.weight([[0], [-1]], np.int64), m.random(2, 6))
    mask = m("ScatterND", mask, m.weight([[[1, 2], [2, -1]]], np.int64), m.random(1, 2))
    return m("Add", "input", mask)


def branch_of(op):
    value = helper.make_tensor_value_info("branch", TensorProto.FLOAT, None)
    return helper.make_graph([helper.make_node(op, ["input"], ["inside"]), helper.make_node("Neg", ["inside"], ["branch"])],
                             op, [], [value])


@case
def if_of_a_known_condition(m):
    rows = m("Gather", m("Shape", "input"), m.scalar(2, np.int64), axis=0)
    same = m("Equal", rows, m.scalar(4, np.int64))
    other = m("Not", same)
    return m("Add", m("If", same, then_branch=branch_of("Exp"), else_branch=branch_of("Log")),
             m("If", other, then_branch=branch_of("Log"), else_branch=branch_of("Abs")))


@case(opset=18)
def functions_of_the_model(m):
    body = [helper.make_node("Constant", [], ["three"], value_float=3.0), helper.make_node("Mul", ["x", "three"], ["wide"]),
            helper.make_node("LeakyPart", ["wide"], ["y"], domain="own")]
    inner = helper.make_node("Softmax", ["a"], ["b"])
    inner.attribute.append(onnx.AttributeProto(name="axis", ref_attr_name="along", type=onnx.AttributeProto.INT))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    m.functions = [helper.make_function("own", "Scaled", ["x"], ["y"], body, opsets),
                   helper.make_function("own", "LeakyPart", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], opsets),
                   helper.make_function("own", "SoftmaxAlong", ["a"], ["b"], [inner], opsets, attributes=["along"])]
    m.domains = ["own"]
    return m("Add", m("Scaled", "input", domain="own"), m("SoftmaxAlong", "input", along=2, domain="own"))


@case
def elements_indexed_by_image(m):
    flat = m("Reshape", "input", m.ints(-1))
    batch = m("Squeeze", m("Shape", "input", end=1))
    first = m("Mul", m("Range", m.scalar(0, np.int64), batch, m.scalar(1, np.int64)), m.scalar(72, np.int64))
    index = m("Add", m("Unsqueeze", first, m.ints(1, 2)), m.weight([[[0, 5], [71, 3]]], np.int64))
    return m("Gather", flat, index)


@case
def nodes_out_of_order(m):
    m.reversed = True
    return m("Neg", m("Relu", m("Mul", "input", m("Sqrt", m.scalar(4.0)))))


def codes(m, x, scale, zero, dtype=np.uint8):
    """x as codes, their scale and their zero point."""
    scale, zero = m.scalar(scale), m.scalar(zero, dtype)
    return m("QuantizeLinear", x, scale, zero), scale, zero


def floats(m, y, scale, zero):
    return m("DequantizeLinear", y, scale, zero)


def result(m, scale, zero, dtype=np.uint8):
    return m.scalar(scale), m.scalar(zero, dtype)


@case
def qlinear_conv_per_channel(m):
    w = (m.weight(RANDOM.integers(-127, 128, (4, 3, 3, 2)), np.int8), m.weight(RANDOM.uniform(0.005, 0.02, 4)),
         m.weight([0, 0, 0, 0], np.int8))
    y = result(m, 0.05, 100)
    return floats(m, m("QLinearConv", *codes(m, "input", 0.008, 120), *w, *y, m.weight([500, -900, 0, 77], np.int32),
                       pads=[1, 0, 1, 1]), *y)


@case
def qlinear_conv_of_signed_codes(m):
    w = (m.weight(RANDOM.integers(-127, 128, (6, 1, 2, 2)), np.int8), m.scalar(0.01), m.scalar(0, np.int8))
    y = result(m, 0.02, -10, np.int8)
    return floats(m, m("QLinearConv", *codes(m, "input", 0.008, 3, np.int8), *w, *y, group=3), *y)


@case
def qlinear_conv_of_unsigned_weights(m):
    w = (m.weight(RANDOM.integers(0, 256, (4, 3, 2, 2)), np.uint8), m.scalar(0.01), m.scalar(99, np.uint8))
    y = result(m, 0.05, 128)
    return floats(m, m("QLinearConv", *codes(m, "input", 0.008, 128), *w, *y), *y)


@case
def qlinear_matmul(m):
    x = codes(m, "input", 0.008, 128)
    w = (m.weight(RANDOM.integers(-127, 128, (6, 5)), np.int8), m.scalar(0.01), m.scalar(2, np.int8))
    y = result(m, 0.03, 128)
    inner = (m("QLinearMatMul", *x, *w, *y), *y)
    z = result(m, 0.01, 128)
    return floats(m, m("QLinearMatMul", m("Transpose", inner[0], perm=[0, 1, 3, 2]), *y, *x, *z), *z)


@case
def microsoft_layers_of_codes(m):
    m.domains = ["com.microsoft"]
    x = codes(m, "input", 0.008, 128)
    s, p = result(m, 0.012, 120), result(m, 1 / 256, 0)
    added = (m("QLinearAdd", *x, *codes(m, m.random(6), 0.02, 128), *s, domain="com.microsoft"), *s)
    sigmoid = (m("QLinearSigmoid", *added, *p, domain="com.microsoft"), *p)
    product = (m("QLinearMul", *added, *sigmoid, *s, domain="com.microsoft"), *s)
    soft = (m("QLinearSoftmax", *product, *p, axis=-1, opset=13, domain="com.microsoft"), *p)
    pool = m("QLinearGlobalAveragePool", *product, *s, domain="com.microsoft")
    both = m("QLinearConcat", *s, *[v for part in (product, soft) for v in part], axis=1, domain="com.microsoft")
    maxima = m("MaxPool", both, kernel_shape=[2, 2], pads=[0, 0, 1, 1])
    flat = m("Concat", m("Flatten", maxima), m("Flatten", pool), axis=1)
    w = (m.weight(RANDOM.integers(-127, 128, (7, 147)), np.int8), m.weight(RANDOM.uniform(0.005, 0.02, 7)),
         m.weight([0] * 7, np.int8))
    y = result(m, 0.05, 128)
    gemm = m("QGemm", flat, *s, *w, m.weight(RANDOM.integers(-900, 900, 7), np.int32), *y, transB=1, domain="com.microsoft")
    return floats(m, gemm, *y)


@case(shape=(1, 3, 4, 6), run=1)
def products_quantized_at_run_time(m):
    x, scale, zero = m("DynamicQuantizeLinear", "input", outputs=3)
    w = m.weight(RANDOM.integers(-127, 128, (5, 3, 3, 3)), np.int8)
    sums = m("Cast", m("ConvInteger", x, w, zero, m.scalar(0, np.int8), pads=[1, 1, 1, 1]), to=TensorProto.FLOAT)
    y = m("Add", m("Mul", sums, m("Mul", scale, m.scalar(0.01))), m("Reshape", m.random(5), m.ints(1, -1, 1, 1)))
    x, scale, zero = m("DynamicQuantizeLinear", m("Relu", y), outputs=3)
    w = m.weight(RANDOM.integers(0, 255, (6, 4)), np.uint8)
    sums = m("Cast", m("MatMulInteger", x, w, zero, m.scalar(127, np.uint8)), to=TensorProto.FLOAT)
    return m("Add", m.random(4), m("Mul", sums, m("Mul", scale, m.weight(RANDOM.uniform(0.005, 0.02, 4)))))


@case(opset=18)
def resize_to_the_nearest(m):
    y = m("Resize", "input", "", m.weight([1, 1, 2, 1.5]), mode="nearest", coordinate_transformation_mode="asymmetric",
          nearest_mode="floor")
    shape = m("Concat", m("Shape", "input", end=2), m.ints(8, 9), axis=0)
    z = m("Resize", "input", "", "", shape, mode="nearest", nearest_mode="ceil")
    return m("Concat", m("Flatten", y), m("Flatten", z), axis=1)


@case(opset=13)
def resize_linearly(m):
    y = m("Resize", "input", "", m.weight([1, 1, 2, 1.5]), mode="linear")
    z = m("Resize", "input", "", m.weight([1, 1, 0.5, 0.5]), mode="linear", coordinate_transformation_mode="pytorch_half_pixel")
    a = m("Resize", "input", "", m.weight([1, 1, 1.75, 1]), mode="linear", coordinate_transformation_mode="align_corners")
    return m("Concat", m("Flatten", y), m("Flatten", z), m("Flatten", a), axis=1)


@case(shape=(None, 8, 2, 5))
def depth_to_space(m):
    return m("Add", m("DepthToSpace", "input", blocksize=2), m("DepthToSpace", "input", blocksize=2, mode="CRD"))


@case
def space_to_depth(m):
    return m("SpaceToDepth", "input", blocksize=2)


@case
def instance_normalization(m):
    return m("InstanceNormalization", "input", m.random(3), m.random(3), epsilon=1e-3)


@case(opset=21, shape=(None, 6, 3, 2))
def group_normalization(m):
    return m("GroupNormalization", "input", m.random(6), m.random(6), num_groups=2)


@case(opset=18)
def leaky_relu_and_norms(m):
    return m("Div", m("LeakyRelu", "input", alpha=0.1), m("ReduceL2", "input", m.ints(1)))


@case
def gather_nd_of_rows(m):
    return m("Add", "input", m("GatherND", m.random(5, 6), m.weight([[4], [0], [-1], [2]], np.int64)))


def pixels(shape, offset):
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    return (((i * 2654435761 % 2**32) / 2**32 * 2 - 1).astype(np.float32) + np.float32(offset)).reshape(shape)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    expected = {}
    for name, (body, kind, offset, run) in CASES.items():
        builder = Model(**kind)
        model = builder.build(body(builder))
        data = model.SerializeToString()
        (OUT / f"{name}.onnx").write_bytes(data)
        shape = tuple(run or 2 if i == 0 else d for i, d in enumerate(kind["shape"]))
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        output = session.run(None, {"input": pixels(shape, offset)})[0]
        expected[name] = {"input": shape, "offset": offset, "output": [float(f"{v:.8g}") for v in output.ravel()]}
    lines = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items())
    (OUT / "expected.json").write_text("{" + lines + "}\n")
    print(len(expected), "models")


if __name__ == "__main__":
    main()
