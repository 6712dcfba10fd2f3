"""Networks of transformers and timm with seeded random weights, from a recipe.

A recipe is a JSON object:
    class    the class of transformers, e.g. "ViTForImageClassification"; or "TimmWrapperForImageClassification"
    config   what config.json says: model_type and the options that differ from the defaults of the class (of timm:
             architecture, num_classes, model_args)
    image    [height, width] of the input;  channels  3 unless given
    processor  what preprocessor_config.json says, unless a plain resize to `image` will do
"""

import inspect
import json
import zlib
from unittest import mock

import numpy as np
import torch

SEED = 20260


def labels(count):
    return {str(i): f"class {i}" for i in range(count)}


def timm_network(options):
    """timm implies the width of its mobile networks by their names alone, so that the smallest would be too large for a
    golden: their scaling in model_args is handed to the functions that those names stand for."""
    import timm
    from timm.models import efficientnet, mobilenetv3

    arguments = dict(options.get("model_args", {}))
    scale = {k: arguments.pop(k) for k in ("channel_multiplier", "depth_multiplier") if k in arguments}
    head = {k: arguments.pop(k) for k in ("num_features",) if k in arguments}

    def given(module, name, fixed):
        function = getattr(module, name)
        names = list(inspect.signature(function).parameters)
        return mock.patch.object(module, name, lambda *positional, **named: function(
            **{**dict(zip(names, positional)), **named, **fixed}))

    with (given(efficientnet, "_gen_efficientnet", scale), given(mobilenetv3, "_gen_mobilenet_v3", scale),
          given(mobilenetv3, "_create_mnv3", head)):
        return timm.create_model(options["architecture"], num_classes=options["num_classes"], **arguments)


def build(recipe):
    """The network in evaluation mode, with the weights its class draws."""
    import transformers

    options = dict(recipe["config"])
    model_type = options.pop("model_type", None)
    classes = options.pop("num_labels", 1000)
    if recipe["class"].startswith("TimmWrapper"):
        return timm_network(options).eval()
    model_class = getattr(transformers, recipe["class"])
    names = labels(classes)
    config = model_class.config_class(id2label={int(k): v for k, v in names.items()},
                                      label2id={v: int(k) for k, v in names.items()}, num_labels=classes, **options)
    assert model_type == config.model_type, f"{recipe['class']} is of model_type {config.model_type}"
    config._attn_implementation = "eager"
    model = model_class(config).eval()
    if model_type == "dinov2_with_registers":
        model.dinov2_with_registers.register_forward_hook(without_registers)
    return model


def without_registers(model, _, output):
    """4.48.3 counts register tokens into the mean of the patches that the head reads; DINOv2 trained its heads without,
    and later versions of transformers leave them out."""
    tokens = output.last_hidden_state
    first = 1 + model.config.num_register_tokens
    output.last_hidden_state = torch.cat((tokens[:, :1], tokens[:, first:]), dim=1)
    return output


def redraw(model, seed):
    """Replaces parameters and running statistics by numbers that keep activations of order one, so that no bias is
    zero, no norm an identity and no layer scale negligible."""
    generator = torch.Generator().manual_seed(seed)
    parameters = dict(model.named_parameters())
    statistics = [(n, b) for n, b in model.named_buffers() if n.endswith(("running_mean", "running_var"))]
    for name, tensor in [*parameters.items(), *statistics]:
        noise = torch.randn(tensor.shape, generator=generator)
        last = name.rsplit(".", 1)[-1]
        if last == "running_var":
            value = 1 + 0.5 * torch.tanh(noise)
        elif name.endswith("_scaling.weight"):
            # The gate of VAN multiplies the image by itself: only small residual branches do not grow.
            value = 0.05 + 0.02 * noise
        elif "layer_scale" in last or "lambda" in last or last.startswith("gamma"):
            value = 0.5 + 0.2 * noise
        elif "logit_scale" in last:
            value = 1.5 + 0.3 * noise
        elif name.endswith("project_bn.weight"):  # 55 blocks of EfficientNet-B7 would multiply activations by 1e4
            value = 0.4 + 0.1 * noise
        elif "token" in last or "embed" in last or "bias_table" in last or "attention_biases" in last:
            value = 0.3 * noise
        elif last == "weight" and name.removesuffix("proj.weight") + "w_g" in parameters:
            # swiftformer: the projection of a sum over all tokens
            value = noise * 0.01 / tensor[0].numel() ** 0.5
        elif tensor.dim() >= 2 and tensor[0].numel() > 1:
            value = noise * 1.2 / tensor[0].numel() ** 0.5
        elif last.endswith("weight"):
            value = 1 + 0.3 * noise
        else:
            value = 0.3 * noise
        tensor.data.copy_(value)
    model.eval()  # efficientformer gathers its attention bias when the mode is set


def seed_of(name):
    return SEED + zlib.crc32(name.encode()) % 100000


def pixels(shape):
    """x[i] = ((i * 2654435761) mod 2^32) / 2^32 * 2 - 1, as espalier_logits has it."""
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    return torch.from_numpy(((i * 2654435761 % 2**32) / 2**32 * 2 - 1).astype(np.float32).reshape(shape))


def logits(model, x):
    with torch.no_grad():
        y = model(x)
    return getattr(y, "logits", y)


def processor(recipe):
    if "processor" in recipe:
        return recipe["processor"]
    height, width = recipe["image"]
    channels = recipe.get("channels", 3)
    return {"image_processor_type": "ViTImageProcessor", "size": {"height": height, "width": width}, "resample": 2,
            "image_mean": [0.5] * channels, "image_std": [0.5] * channels}


def save(model, recipe, folder):
    """Writes the folder as the Hub has it."""
    folder.mkdir(parents=True, exist_ok=True)
    if recipe["class"].startswith("TimmWrapper"):
        from safetensors.torch import save_file

        config = {"id2label": labels(recipe["config"]["num_classes"]), **recipe["config"]}
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors",
                  {"format": "pt"})
    else:
        model.save_pretrained(folder)
        (folder / "preprocessor_config.json").write_text(json.dumps(processor(recipe), indent=1) + "\n")
    (folder / "model.safetensors").chmod(0o644)
