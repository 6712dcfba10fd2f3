"""Tiny checkpoints with random weights and their logits by transformers, written to models/.

    python models.py

Each folder is a Hugging Face model (config.json, model.safetensors, preprocessor_config.json) of a few thousand
parameters with options that the well-known checkpoints do not use, and logits.json: logits computed in double
precision for the input x[i] = ((i * 2654435761) mod 2^32) / 2^32 * 2 - 1 in float32, flat over [2, channels, height,
width]. Every parameter is drawn anew (seed 20260) so that no bias is zero and no norm an identity; running variances
lie in [0.5, 1.5]. Made with transformers 5.23 and torch 2.13.
"""

import json
import pathlib
import shutil

import numpy as np
import torch
import transformers

OUT = pathlib.Path(__file__).parent / "models"

ConvNext, MobileNetV2, ResNet, ViT = (
    (getattr(transformers, n + "Config"), getattr(transformers, n + "ForImageClassification"))
    for n in ("ConvNext", "MobileNetV2", "ResNet", "ViT")
)

# name -> (classes, image height, image width, channels, configuration)
MODELS = {
    "vit-plain": (ViT, 16, 16, 3, dict(hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=20,
                                       image_size=16, patch_size=8)),
    "vit-options": (ViT, 12, 20, 1, dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
                                         intermediate_size=24, image_size=[12, 20], patch_size=[4, 5], num_channels=1,
                                         qkv_bias=False, hidden_act="gelu_new", layer_norm_eps=1e-3)),
    "resnet-basic": (ResNet, 33, 33, 3, dict(embedding_size=6, hidden_sizes=[8, 12], depths=[2, 1], layer_type="basic",
                                             downsample_in_first_stage=True)),
    "resnet-bottleneck": (ResNet, 40, 36, 3, dict(embedding_size=6, hidden_sizes=[16, 24], depths=[2, 1],
                                                  downsample_in_bottleneck=True, hidden_act="silu")),
    "resnet-v15": (ResNet, 32, 32, 3, dict(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 2])),
    "mobilenet_v2-same": (MobileNetV2, 37, 50, 3, dict(depth_multiplier=0.11, depth_divisible_by=4, min_depth=4,
                                                       expand_ratio=1.5, finegrained_output=False, output_stride=16)),
    "mobilenet_v2-plain": (MobileNetV2, 32, 32, 3, dict(depth_multiplier=0.1, depth_divisible_by=4, min_depth=4,
                                                        expand_ratio=2.0, finegrained_output=False, tf_padding=False,
                                                        first_layer_is_expansion=False, layer_norm_eps=1e-2)),
    "convnext-plain": (ConvNext, 32, 32, 3, dict(hidden_sizes=[6, 8, 10, 12], depths=[1, 2, 1, 1])),
    "convnext-options": (ConvNext, 24, 36, 3, dict(hidden_sizes=[6, 8], depths=[1, 1], num_stages=2, patch_size=3,
                                                   hidden_act="relu", layer_scale_init_value=0.0, layer_norm_eps=1e-4)),
}
CLASSES = 5


def redraw(model, generator):
    """Replaces every parameter and running statistic by random numbers that keep activations of order one."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if not tensor.is_floating_point():
            continue
        noise = torch.randn(tensor.shape, generator=generator)
        if name.endswith("running_var"):
            value = 1 + 0.5 * torch.tanh(noise)
        elif name.endswith("layer_scale_parameter"):
            value = 0.5 + 0.2 * noise
        elif tensor.dim() >= 2 and "embeddings" not in name.rsplit(".", 1)[-1] and "token" not in name:
            value = noise * (1.5 / (tensor[0].numel()) ** 0.5)
        elif name.endswith("weight"):
            value = 1 + 0.3 * noise
        else:
            value = 0.3 * noise
        tensor.data.copy_(value)


def pixels(shape):
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    return torch.from_numpy(((i * 2654435761 % 2**32) / 2**32 * 2 - 1).astype(np.float32).reshape(shape))


def processor(height, width, channels):
    return {"image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": height, "width": width},
            "resample": 2, "do_rescale": True, "do_normalize": True, "image_mean": [0.5] * channels,
            "image_std": [0.5] * channels}


def main():
    generator = torch.Generator().manual_seed(20260)
    for name, ((config_class, model_class), height, width, channels, options) in MODELS.items():
        labels = {i: f"class {i}" for i in range(CLASSES)}
        model = model_class(config_class(id2label=labels, label2id={v: k for k, v in labels.items()}, **options)).eval()
        redraw(model, generator)
        folder = OUT / name
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder)
        (folder / "model.safetensors").chmod(0o644)
        (folder / "preprocessor_config.json").write_text(json.dumps(processor(height, width, channels), indent=1) + "\n")
        with torch.no_grad():
            logits = model.double()(pixels((2, channels, height, width)).double()).logits
        (folder / "logits.json").write_text(json.dumps({"logits": logits.tolist()}) + "\n")
        print(name, sum(p.numel() for p in model.parameters()), logits[0].tolist())


if __name__ == "__main__":
    main()
