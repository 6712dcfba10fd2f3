"""What careless optimization costs the zoo's models: top-1 under pruning and quantization, measured with torch alone.

Magnitude pruning (torch.nn.utils.prune, weights of every convolution and linear layer, no retraining), globally and
layer by layer; int8 and int4 per tensor: batch normalization folded, then every weight rounded to a symmetric grid with
one scale per tensor and every layer input to a grid over its own range. Writes a Markdown table.

    python sensitivity.py [model ...]
"""

import argparse
import copy

import torch
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval, prune

from reference import HERE, load, pixel_values, test_files

BATCH = 50


def layers(model):
    return [module for module in model.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]


@torch.no_grad()
def top1(model, inputs, labels):
    predictions = torch.cat([model(pixel_values=batch).logits.argmax(1) for batch in inputs.split(BATCH)])
    return (predictions == labels).float().mean().item()


def globally_pruned(model, amount):
    pairs = [(layer, "weight") for layer in layers(model)]
    prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=amount)
    return model


def locally_pruned(model, amount):
    for layer in layers(model):
        prune.l1_unstructured(layer, "weight", amount)
    return model


def fold_batch_norms(model):
    for module in model.modules():
        if isinstance(getattr(module, "normalization", None), nn.BatchNorm2d):
            module.convolution = fuse_conv_bn_eval(module.convolution, module.normalization)
            module.normalization = nn.Identity()


def on_grid(tensor, low, high, steps):
    """`tensor` rounded to `steps` equal intervals of [low, high], an interval of which ends at 0."""
    scale = ((high - low) / steps).clamp(min=1e-12)
    start = (low / scale).round()
    return ((tensor / scale).round().clamp(start, start + steps)) * scale


@torch.no_grad()
def per_tensor(model, bits):
    """Weights and layer inputs of `bits` bits, one scale per tensor and batch."""
    steps = 2**bits - 1
    fold_batch_norms(model)
    for layer in layers(model):
        reach = layer.weight.abs().max()
        layer.weight.copy_(on_grid(layer.weight, -reach, reach, steps - 1))
        layer.register_forward_pre_hook(
            lambda _, args: (on_grid(args[0], args[0].min().clamp(max=0), args[0].max().clamp(min=0), steps),))
    return model


TREATMENTS = {
    "baseline": lambda model: model,
    "global 50 %": lambda model: globally_pruned(model, 0.5),
    "global 80 %": lambda model: globally_pruned(model, 0.8),
    "local 50 %": lambda model: locally_pruned(model, 0.5),
    "local 80 %": lambda model: locally_pruned(model, 0.8),
    "int8": lambda model: per_tensor(model, 8),
    "int4": lambda model: per_tensor(model, 4),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=sorted(folder.name for folder in (HERE / "models").iterdir()))
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| model |", " | ".join(TREATMENTS), "|")
    print("|---|" + "---|" * len(TREATMENTS))
    files = test_files()
    labels = torch.tensor([label for _, label in files])
    for name in options.models:
        processor, model = load(name)
        inputs = torch.cat(pixel_values(processor, files))
        scores = [top1(treat(copy.deepcopy(model)), inputs, labels) for treat in TREATMENTS.values()]
        print(f"| {name} |", " | ".join(f"{100 * score:.1f}" for score in scores), "|", flush=True)


if __name__ == "__main__":
    main()
