"""Golden masks of torch.nn.utils.prune, written to pruning/pruning.safetensors.

    python pruning.py

What the masks are, exactly (torch.nn.utils.prune.L1Unstructured):

1. Local (`l1_unstructured`, one tensor at a time). n elements in C order, k = round(amount * n): Python's round on the
   float64 product, halves to the even integer. k = 0 keeps everything. Otherwise the k elements that
   torch.topk(|w|, k, largest=False) returns become 0 in the mask, the others 1.
2. Global (`global_unstructured(..., L1Unstructured)`). All tensors are flattened and concatenated in the order given
   (here: sorted by tensor name), the same rule is applied once to the whole vector, and the mask is cut up again.

Which of several equal magnitudes goes is decided by torch.topk on the CPU, which is deterministic: with one
(value, index) pair per element in index order and the comparison `a.value < b.value` (indices never compared),

    if 64 * k <= n:  std::partial_sort(first, first + k, last, less)
    else:            std::nth_element(first, first + k - 1, last, less)

and the first k pairs are the result. The same calls of libstdc++ give the same choice; a choice by index, first or
last, does not. This matters only where the k-th and the (k+1)-th smallest magnitude are equal; the file's metadata
lists these cases under "ties" ("<local tensor or 'global'>@<amount>"). -0.0 and 0.0, and w and -w, are ties.

Contents: `weight.<name>` float32; `local.<amount>.<name>` and `global.<amount>.<name>` uint8 masks of the same shape.
Amount 0.01 reaches the partial_sort branch, 0.333 gives odd counts, 0.5 of 5, 7 and 9 elements gives halves to round.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils import prune

SEED = 20
AMOUNTS = ["0.01", "0.2", "0.333", "0.5", "0.8"]
OUT = pathlib.Path(__file__).parent / "pruning"


def weights():
    """Name -> tensor, in sorted order: the shapes of real layers, then tensors full of ties."""
    draw = torch.Generator().manual_seed(SEED)

    def normal(*shape):
        return torch.randn(*shape, generator=draw) * (2 / shape[0]) ** 0.5

    coarse = torch.randint(-6, 7, (32, 33), generator=draw) / 8
    coarse[0, :8] = -0.0
    return {
        "conv": normal(16, 8, 3, 3),
        "depthwise": normal(24, 1, 3, 3),
        "five": normal(5),
        "linear": normal(20, 48),
        "linear_wide": normal(48, 96),
        "nine": normal(9),
        "pointwise": normal(24, 16, 1, 1),
        "seven": torch.tensor([0.5, -0.5, 0.25, -0.25, 0.0, -0.0, 1.0]),
        "ties_coarse": coarse,
        "ties_duplicates": torch.cat([half := normal(8, 30), -half, half.flip(1)]),
        "ties_equal": torch.full((10, 7), 0.125),
        "ties_half_zero": torch.where(torch.rand(24, 40, generator=draw) < 0.5, 0.0, normal(24, 40)),
        "ties_zero": torch.zeros(6, 4),
    }


def holder(tensor):
    module = nn.Module()
    module.weight = nn.Parameter(tensor.clone())
    return module


def local_masks(tensors, amount):
    modules = {name: holder(tensor) for name, tensor in tensors.items()}
    return {name: prune.l1_unstructured(module, "weight", amount).weight_mask for name, module in modules.items()}


def global_masks(tensors, amount):
    modules = {name: holder(tensor) for name, tensor in tensors.items()}
    pairs = [(module, "weight") for module in modules.values()]
    prune.global_unstructured(pairs, pruning_method=prune.L1Unstructured, amount=amount)
    return {name: module.weight_mask for name, module in modules.items()}


def boundary_is_tied(tensor, amount):
    """Whether equal magnitudes stand on both sides of the cut."""
    magnitudes, count = tensor.abs().flatten().sort().values, round(amount * tensor.numel())
    return 0 < count < tensor.numel() and bool(magnitudes[count - 1] == magnitudes[count])


def main():
    tensors = weights()
    everything = torch.cat([tensor.flatten() for tensor in tensors.values()])
    golden = {f"weight.{name}": tensor.contiguous() for name, tensor in tensors.items()}
    ties = []
    for text in AMOUNTS:
        amount = float(text)
        for scope, masks in (("local", local_masks(tensors, amount)), ("global", global_masks(tensors, amount))):
            golden |= {f"{scope}.{text}.{name}": mask.to(torch.uint8) for name, mask in masks.items()}
        ties += [f"{name}@{text}" for name, tensor in tensors.items() if boundary_is_tied(tensor, amount)]
        ties += [f"global@{text}"] if boundary_is_tied(everything, amount) else []
    metadata = {"torch": torch.__version__, "seed": str(SEED), "amounts": json.dumps(AMOUNTS), "ties": json.dumps(ties)}
    OUT.mkdir(exist_ok=True)
    save_file(golden, OUT / "pruning.safetensors", metadata)
    print(len(everything), "weights; tied cuts:", ", ".join(ties))


if __name__ == "__main__":
    main()
