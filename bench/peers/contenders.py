"""Who takes part, in which form, and in which class of precision it is compared."""

from dataclasses import dataclass

import models


@dataclass(frozen=True)
class Contender:
    peer: str  # "espalier", or the peer_<name>.py that runs it
    form: str  # a tactic of Espalier, or a form that the peer's file explains
    precision: str  # the class it is compared in: fp32, bf16, int8
    quick: bool = True  # part of a run with --quick
    only: tuple = ()  # models for which the form makes sense; all when empty

    @property
    def ours(self):
        return self.peer == "espalier"

    @property
    def name(self):
        return f"{self.peer} {self.form}"


CONTENDERS = (
    Contender("espalier", "baseline", "fp32", quick=False),
    Contender("espalier", "compile", "fp32"),
    Contender("espalier", "compile+dynamic-quantization", "int8"),
    Contender("espalier", "compile+static-quantization", "int8"),
    Contender("espalier", "compile+bf16", "bf16"),
    Contender("onnxruntime", "fp32", "fp32"),
    Contender("onnxruntime", "fp32-fused", "fp32", quick=False, only=models.TRANSFORMERS),
    Contender("onnxruntime", "int8-dynamic", "int8"),
    Contender("onnxruntime", "int8-static", "int8"),
    Contender("openvino", "fp32", "fp32"),
    Contender("openvino", "bf16", "bf16"),
    Contender("openvino", "int8-static", "int8"),
    Contender("torch", "fp32-eager", "fp32", quick=False),
    Contender("torch", "fp32-compiled", "fp32"),
    Contender("torch", "bf16-compiled", "bf16", quick=False),
    Contender("torch", "int8-dynamic", "int8", quick=False),
    Contender("ncnn", "fp32", "fp32"),
    Contender("ncnn", "bf16", "bf16", quick=False),
)
