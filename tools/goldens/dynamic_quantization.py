"""Golden outputs of torch.ao.quantization.quantize_dynamic, written to dynamic_quantization/.

    python dynamic_quantization.py

quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8) on engine "fbgemm" (engine "x86" is checked to give the same
bits for Linear). The arithmetic, which `Emulated` below repeats in numpy and which is compared with torch bit by bit
each time this script runs (f32 = single, f64 = double precision; round = nearest, halves to even):

Weights, once, per tensor, symmetric, zero point 0 (MinMaxObserver; min and max widened to include 0):
    m     = max(|w|)                                    f32
    s_w   = max(m / 127.5f, 2^-23)                      f32 division, f32 result
    q_w   = clamp(round(w * (1.0f / s_w)), -128, 127)   f32 reciprocal, f32 product (not a division)

Activations, on every call, over the whole input tensor, reduce_range: q_max = 127
    lo    = min(min(x), 0), hi = max(max(x), 0)         f32
    s     = (f64(hi) - f64(lo)) / 127                   f64
    if f32(s) == 0 or 1.0f / f32(s) is infinite:  s = 0.1
    if s < f64(6.1e-5f):                                small ranges: the scale has a floor
        f = 6.1e-5f / f32(s);  s = f64(6.1e-5f)         f32 quotient
        lo == 0: hi = 6.1e-5f * 127;  else hi == 0: lo = -6.1e-5f * 127;  else lo *= f, hi *= f   (f32)
    from_lo = 0 - lo / s,    from_hi = 127 - hi / s     f64, with the s just above (not rounded to f32)
    zero point: from_lo if 0 - |lo / s| < 127 - |hi / s| else from_hi; below 0 -> 0, above 127 -> 127, else round
    s_x   = f32(s)
    q_x   = clamp(round(fma(x, 1.0f / s_x, f32(zero point))), 0, 255)
            f32 reciprocal, one rounding in the fused multiply-add (a product and a sum rounded apart differ in about
            6 % of inputs made to lie on a tie, a division in 8 %). The clamp is to 8 bits: 128 can occur by rounding.

Output:
    acc   = sum_k q_x * q_w - zero_point * sum_k q_w    int32, exact
    y     = f32(acc) * m  or  fma(f32(acc), m, bias)    m = s_x * s_w, one f32 product; fused where there is a bias

Contents per layer `<layer>`: `<layer>.weight`, `.bias` (where it has one), `.weight_int` int8, `.weight_scale` float64
[1], `.weight_zero_point` int64 [1]; per layer and input `<layer>.<input>`: `.x`, `.scale` float64 [1] and
`.zero_point` int64 [1] of the activations, `.y` of the quantized layer, `.y_float` of the float layer.
"""

import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

SEED = 21
ENGINE = "fbgemm"
#: name -> (in features, out features, has a bias)
LAYERS = {
    "head": (48, 10, True),
    "odd": (65, 17, False),
    "square": (96, 96, True),
    "skewed": (131, 33, True),
    "wide": (200, 64, False),
}
OUT = pathlib.Path(__file__).parent / "dynamic_quantization"
F32 = np.float32


def layers():
    draw = torch.Generator().manual_seed(SEED)
    made = {}
    for name, (inputs, outputs, bias) in LAYERS.items():
        layer = nn.Linear(inputs, outputs, bias=bias)
        with torch.no_grad():
            layer.weight.copy_(torch.randn(outputs, inputs, generator=draw) / inputs**0.5)
            if name == "skewed":
                layer.weight.copy_(layer.weight.abs() * -3 + 0.1)
            if bias:
                layer.bias.copy_(torch.randn(outputs, generator=draw))
        made[name] = layer
    return made


def ties(rows, features, draw):
    """Values in -2..2 half way between two quantized ones, as near as f32 comes: they show every extra rounding."""
    steps = torch.randint(2, 125, (rows, features), generator=draw) + 0.5
    x = (steps - 64) * torch.tensor(4 / 127)
    x[0, 0], x[0, 1] = -2, 2
    return x


def inputs(features, draw):
    """Input name -> [rows, features]: one of every kind of range the rule treats differently."""
    def normal(rows):
        return torch.randn(rows, features, generator=draw)
    return {
        "mixed": normal(7),
        "positive": normal(5).abs() + 0.2,
        "negative": -normal(3).abs() - 0.2,
        "tiny": normal(4) * 1e-4,
        "tiny_positive": normal(2).abs() * 1e-4,
        "tiny_negative": normal(2).abs() * -1e-4,
        "large": normal(6) * 3e3 + 1e3,
        "outlier": torch.where(torch.rand(3, features, generator=draw) < 0.01, 40.0, normal(3)),
        "zero": torch.zeros(2, features),
        "ties": ties(4, features, draw),
    }


def fused(a, b, c):
    """fma(a, b, c) in f32: the f64 product of two f32 is exact."""
    return (a.astype(np.float64) * np.float64(b) + c).astype(F32)


class Emulated:
    """The arithmetic of the docstring in numpy."""

    def __init__(self, weight, bias):
        self.bias = bias
        self.weight_scale = max(F32(np.abs(weight).max() / F32(127.5)), F32(2.0**-23))
        self.weight_int = np.clip(np.rint(weight * (F32(1) / self.weight_scale)), -128, 127).astype(np.int8)

    @staticmethod
    def activation(x):
        """(scale f64, zero point) of one input tensor."""
        lo, hi, floor = min(x.min(), F32(0)), max(x.max(), F32(0)), F32(6.1e-5)
        scale = (float(hi) - float(lo)) / 127
        with np.errstate(divide="ignore", over="ignore"):
            if F32(scale) == 0 or np.isinf(F32(1) / F32(scale)):
                scale = 0.1
        if scale < float(floor):
            factor, scale = floor / F32(scale), float(floor)
            if lo == 0:
                hi = floor * F32(127)
            elif hi == 0:
                lo = -floor * F32(127)
            else:
                lo, hi = lo * factor, hi * factor
        from_lo, from_hi = 0 - float(lo) / scale, 127 - float(hi) / scale
        start = from_lo if -abs(float(lo) / scale) < 127 - abs(float(hi) / scale) else from_hi
        return scale, int(np.rint(min(max(start, 0.0), 127.0)))

    @staticmethod
    def quantized(x, scale, zero_point):
        """uint8 activations as int64."""
        inverse = F32(1) / F32(scale)
        return np.clip(np.rint(fused(x, inverse, F32(zero_point))), 0, 255).astype(np.int64)

    def output(self, x):
        scale, zero_point = self.activation(x)
        weight = self.weight_int.astype(np.int64)
        acc = self.quantized(x, scale, zero_point) @ weight.T - zero_point * weight.sum(1)
        multiplier = F32(scale) * self.weight_scale
        return acc.astype(F32) * multiplier if self.bias is None else fused(acc.astype(F32), multiplier, self.bias)


def dynamic(layer, engine):
    """torch's dynamically quantized twin of a linear layer."""
    torch.backends.quantized.engine = engine
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(layer), {nn.Linear}, dtype=torch.qint8)[0]


def same(what, mine, theirs):
    if not np.array_equal(mine, theirs):
        raise SystemExit(f"{what}: emulation and torch differ in {(mine != theirs).sum()} of {theirs.size} values")


@torch.no_grad()
def record(golden, name, layer, draw):
    """Adds one layer to the golden after comparing torch, engine by engine, with the emulation."""
    bias = None if layer.bias is None else layer.bias.numpy()
    emulated, quantized, other = Emulated(layer.weight.numpy(), bias), dynamic(layer, ENGINE), dynamic(layer, "x86")
    weight = quantized.weight()
    same(f"{name}.weight_int", emulated.weight_int, weight.int_repr().numpy())
    same(f"{name}.weight_scale", np.float64(emulated.weight_scale), np.float64(weight.q_scale()))
    golden |= {
        f"{name}.weight": layer.weight.detach(),
        f"{name}.weight_int": weight.int_repr(),
        f"{name}.weight_scale": torch.tensor([weight.q_scale()], dtype=torch.float64),
        f"{name}.weight_zero_point": torch.tensor([weight.q_zero_point()]),
    }
    if layer.bias is not None:
        golden[f"{name}.bias"] = layer.bias.detach()
    for kind, x in inputs(layer.in_features, draw).items():
        key, y = f"{name}.{kind}", quantized(x)
        scale, zero_point = emulated.activation(x.numpy())
        same(f"{key} scale and zero point", np.array([scale, zero_point]),
             np.array([float(v) for v in torch._choose_qparams_per_tensor(x, reduce_range=True)]))
        same(f"{key} output", emulated.output(x.numpy()), y.numpy())
        same(f"{key} output of engine x86", other(x).numpy(), y.numpy())
        golden |= {
            f"{key}.x": x, f"{key}.y": y, f"{key}.y_float": layer(x),
            f"{key}.scale": torch.tensor([scale], dtype=torch.float64),
            f"{key}.zero_point": torch.tensor([zero_point]),
        }


def main():
    golden, draw = {}, torch.Generator().manual_seed(SEED + 1)
    for name, layer in layers().items():
        record(golden, name, layer, draw)
    OUT.mkdir(exist_ok=True)
    metadata = {"torch": torch.__version__, "engine": ENGINE, "seed": str(SEED)}
    save_file(golden, OUT / "dynamic_quantization.safetensors", metadata)
    print(len(golden), "tensors; torch and the emulation agree in every bit")


if __name__ == "__main__":
    main()
