"""The networks that everybody runs: torchvision's architectures at 224x224 with seeded random weights.

prepare() writes, once, into FOLDER/<model>/:

    weights.pt      state of the torchvision module
    model.onnx      opset 17, input "input" [N, 3, 224, 224], output "logits" [N, 1000], N free
    traced.pt       TorchScript of the same module, for converters that want one
    inputs.f32      16 images [16, 3, 224, 224], raw little-endian f32; also what static quantizers calibrate on
    preprocessor_config.json   bilinear to 224x224 and ImageNet's mean and deviation, for reading JPEG files
    reference.f32   logits of PyTorch in float64 for them, rounded to f32

Random weights do not change how long a dense kernel takes, but they must give answers that depend on the image, or
agreement means nothing: batch statistics are taken from the images, layer scales and zero heads are drawn anew.
"""

import json
import pathlib
import subprocess
import sys

import numpy as np

NAMES = ("resnet50", "mobilenet_v2", "efficientnet_b0", "convnext_tiny", "vit_b_16", "swin_t", "regnet_y_400mf")
TRANSFORMERS = ("vit_b_16", "swin_t")
IMAGES, CHANNELS, EDGE, CLASSES = 16, 3, 224, 1000
SEED = 20240912
PROCESSOR = {"image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": EDGE, "width": EDGE},
             "resample": 2, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
             "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def images():
    """Smooth noise with some grain, about as wide as normalized photographs; the same on every machine."""
    random = np.random.default_rng(SEED)
    coarse = random.normal(0, 1.2, (IMAGES, CHANNELS, 15, 15))
    at = np.linspace(0, 14, EDGE)
    low = np.minimum(at.astype(int), 13)
    share = at - low
    rows = coarse[:, :, low] * (1 - share)[:, None] + coarse[:, :, low + 1] * share[:, None]
    smooth = rows[..., low] * (1 - share) + rows[..., low + 1] * share
    return (smooth + random.normal(0, 0.15, smooth.shape)).astype(np.float32)


def build(name):
    """The module with its seeded weights; batch statistics as the images give them."""
    import torch
    import torchvision

    torch.manual_seed(SEED)
    model = getattr(torchvision.models, name)(weights=None).eval()
    for path, parameter in model.named_parameters():
        if path.endswith("layer_scale"):
            torch.nn.init.uniform_(parameter, 0.2, 0.8)
        elif path.startswith(("heads", "head", "classifier", "fc")) and parameter.ndim == 2:
            torch.nn.init.normal_(parameter, 0, 0.05)
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        norm.train()
    if norms:
        with torch.inference_mode():
            model(torch.from_numpy(images()))
    return model.eval()


def load(name, folder):
    """The module as prepare() saved it."""
    import torch
    import torchvision

    model = getattr(torchvision.models, name)(weights=None)
    model.load_state_dict(torch.load(pathlib.Path(folder) / "weights.pt", weights_only=True))
    return model.eval()


def prepare(name, folder):
    """Writes what is missing; returns the model's folder."""
    folder = pathlib.Path(folder) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    if (folder / "reference.f32").exists():
        return folder
    import torch

    model = build(name)
    torch.save(model.state_dict(), folder / "weights.pt")
    pixels = torch.from_numpy(images())
    with torch.inference_mode():
        torch.jit.trace(model, pixels[:1]).save(str(folder / "traced.pt"))
    torch.onnx.export(model, (pixels[:2],), str(folder / "model.onnx"), dynamo=False, opset_version=17,
                      input_names=["input"], output_names=["logits"],
                      dynamic_axes={"input": {0: "N"}, "logits": {0: "N"}})
    pixels.numpy().tofile(folder / "inputs.f32")
    with torch.inference_mode():
        reference = model.double()(pixels.double()).float().numpy()
    reference.tofile(folder / "reference.f32")
    return folder


def ensure(name, folder):
    """prepare() in a process of its own, whose memory does not count and which alone needs torch; returns the folder."""
    subprocess.run([sys.executable, "-W", "ignore", __file__, folder, name], check=True, stdout=subprocess.DEVNULL)
    return pathlib.Path(folder) / name


if __name__ == "__main__":
    for model_name in sys.argv[2:] or NAMES:
        print(prepare(model_name, sys.argv[1]), flush=True)
