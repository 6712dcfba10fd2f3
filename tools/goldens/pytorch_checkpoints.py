"""Small checkpoints as torch.save writes them, and what is in them, written to pytorch_checkpoints/.

    python pytorch_checkpoints.py

Each NAME.bin has a NAME.safetensors beside it with the same tensors, dense and in order. "sharded" and "resnet" are
folders as transformers writes them; "resnet" holds one network (models/resnet-v15) in both formats. Numbers are
consecutive integers, halves in 16-bit types, so nothing is random. Made with torch 2.14.1 and safetensors 0.8.0.
"""

import json
import pathlib
import shutil
from collections import OrderedDict

import torch
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
OUT = HERE / "pytorch_checkpoints"
TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64,
         "i64": torch.int64, "i32": torch.int32, "i8": torch.int8, "u8": torch.uint8, "bool": torch.bool}


def numbers(*shape):
    count = int(torch.tensor(shape).prod()) if shape else 1
    return torch.arange(count, dtype=torch.float32).reshape(shape) / 2


def plain():
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    state = network.state_dict()
    for tensor in state.values():
        tensor.copy_(numbers(*tensor.shape))
    return state


def types():
    tensors = {name: numbers(2, 3).to(dtype) for name, dtype in TYPES.items()}
    return tensors | {"scalar": torch.tensor(7), "empty": torch.zeros(0, 4)}


def shared():
    weight = numbers(4, 3)
    return {"embedding.weight": weight, "head.weight": weight, "first_rows": weight[:2], "last_rows": weight[2:],
            "flat": weight.reshape(-1)}


def strided():
    image = numbers(2, 3, 4, 5)
    return {"transposed": numbers(2, 3).t(), "column": numbers(3, 4)[:, 1], "every_second": numbers(9)[::2],
            "expanded": numbers(3, 1).expand(3, 4), "channels_last": image.to(memory_format=torch.channels_last),
            "one_row": numbers(3, 4)[1:2], "permuted": image.permute(3, 1, 0, 2)}


def parameters():
    return OrderedDict(weight=torch.nn.Parameter(numbers(2, 2)), frozen=torch.nn.Parameter(numbers(3), False))


def dense(tensors):
    return {name: tensor.detach().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}


def save(name, tensors, wrap=lambda tensors: tensors, **options):
    torch.save(wrap(tensors), OUT / f"{name}.bin", **options)
    save_file(dense(tensors), OUT / f"{name}.safetensors")


def save_shards():
    folder = OUT / "sharded"
    folder.mkdir()
    parts = {"pytorch_model-00001-of-00002.bin": {"a.weight": numbers(2, 3)},
             "pytorch_model-00002-of-00002.bin": {"b.weight": numbers(4), "b.bias": numbers(2)}}
    for file, tensors in parts.items():
        torch.save(tensors, folder / file)
    index = {"metadata": {"total_size": 48}, "weight_map": {name: file for file, part in parts.items() for name in part}}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=2) + "\n")


def save_network():
    folder = OUT / "resnet"
    shutil.copytree(HERE / "models" / "resnet-v15", folder, ignore=shutil.ignore_patterns("logits.json", "recipe.json"))
    torch.save(OrderedDict(load_file(folder / "model.safetensors")), folder / "pytorch_model.bin")


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    save("plain", plain())
    save("types", types())
    save("shared", shared())
    save("strided", strided())
    save("parameters", parameters(), pickle_protocol=4)
    training = dict(epoch=3, rate=0.125, best=None, done=False, seed=2**40, shape=torch.Size([2, 3]), log=[1, 2, 3])
    save("training", plain(), lambda tensors: training | {"state_dict": tensors})
    torch.save(plain(), OUT / "before_1.6.bin", _use_new_zipfile_serialization=False)
    save_shards()
    save_network()


if __name__ == "__main__":
    main()
