"""ncnn on the CPU, on a graph that pnnx converts from TorchScript. It takes one image at a time.

Forms: fp32, bf16 (its storage format).
"""

import os
import pathlib
import shutil
import subprocess

import ncnn
import numpy as np


def version():
    return "ncnn " + ncnn.__version__


def convert(folder):
    """model.ncnn.param and .bin, made once by pnnx with weights in fp32."""
    import pnnx
    folder = pathlib.Path(folder)
    param = folder / "ncnn" / "traced.ncnn.param"
    if param.exists():
        return param
    work = folder / "ncnn-unfinished"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    shutil.copy(folder / "traced.pt", work / "traced.pt")
    program = getattr(pnnx, "EXEC_PATH", None) or os.path.join(os.path.dirname(pnnx.__file__), "bin", "pnnx")
    done = subprocess.run([program, "traced.pt", "inputshape=[1,3,224,224]", "fp16=0"], cwd=work, timeout=600,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if not (work / "traced.ncnn.param").exists():
        raise RuntimeError(f"pnnx could not convert it: {done.stdout[-300:]}")
    for left in ("traced.pt", "traced.pnnx.bin", "traced.pnnx.onnx"):
        (work / left).unlink(missing_ok=True)
    work.rename(param.parent)
    return param


def load(form, model, folder, batch, threads):
    param = convert(folder)
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = form == "bf16"
    if net.load_param(str(param)) != 0:
        raise RuntimeError("ncnn cannot read the graph that pnnx wrote: " + unknown_layers(param))
    if net.load_model(str(param.with_suffix(".bin"))) != 0:
        raise RuntimeError("ncnn cannot read the weights that pnnx wrote")

    def one(image):
        extractor = net.create_extractor()
        if extractor.input("in0", ncnn.Mat(image)) != 0:
            raise RuntimeError("ncnn refuses the input")
        status, logits = extractor.extract("out0")
        if status != 0:
            raise RuntimeError(f"ncnn cannot compute the output (status {status}): " + unknown_layers(param))
        return np.array(logits).reshape(1, -1)

    return lambda pixels: np.concatenate([one(image) for image in pixels])


def unknown_layers(param):
    """Layers of the graph that pnnx could not express in ncnn keep names of other libraries."""
    names = {line.split()[0] for line in pathlib.Path(param).read_text().splitlines()[2:] if line.split()}
    foreign = sorted(name for name in names if "." in name or "::" in name)
    return "layers that ncnn does not have: " + ", ".join(foreign) if foreign else "no reason is given"
