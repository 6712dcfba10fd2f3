"""Trains the zoo's four classifiers on rendered images and saves each as a Hugging Face folder.

    python train.py resnet-mini convnext-mini mobilenet_v2-mini vit-mini

The training images are rendered once, passed through the same JPEG as the test images and kept in --cache. Every epoch
sees them under random windows, the eight symmetries of the square and channel permutations: none of these changes what a
shape is. `vit-mini` also learns from the softened predictions of `resnet-mini`, which must be trained
first: without a convolution's bias a transformer needs many times the images.
"""

import argparse
import dataclasses
import io
import pathlib
import pickle
import tempfile
import time

import numpy as np
import torch
import transformers
from PIL import Image
from torch.nn import functional

from render import jpeg, render
from shapes import CLASSES

HERE = pathlib.Path(__file__).parent
SEED = 7
PER_CLASS = 1000
LABELS = {
    "num_labels": len(CLASSES),
    "id2label": dict(enumerate(CLASSES)),
    "label2id": {name: index for index, name in enumerate(CLASSES)},
}
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
CENTRED = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}


@dataclasses.dataclass
class Recipe:
    """How one model is built, fed and trained.

    `crop` is the share of the resized shorter edge that the processor's centre crop keeps; None means that it warps the
    whole picture to `size` x `size`.
    """

    model: callable
    processor: callable
    size: int
    crop: float | None
    epochs: int
    rate: float
    batch: int = 96
    decay: float = 0.02
    bfloat16: bool = False
    teacher: str | None = None


def vit():
    config = transformers.ViTConfig(
        image_size=72, patch_size=12, hidden_size=96, num_hidden_layers=6, num_attention_heads=3,
        intermediate_size=192, **LABELS)
    model = transformers.ViTForImageClassification(config)
    start_local(model)
    return model


@torch.no_grad()
def start_local(model):
    """Starts attention near the token itself, as trained transformers end up, so that few images suffice.

    Position embeddings begin as two-dimensional sinusoids and each key projection as its query projection, so that
    query . key is largest where positions are close (after "Mimetic initialization", arXiv 2305.09828).
    """
    embeddings = model.vit.embeddings
    _, tokens, width = embeddings.position_embeddings.shape
    side = round((tokens - 1) ** 0.5)
    phase = torch.arange(side)[:, None] / 10.0 ** (torch.arange(width // 4) / (width // 4))
    wave = torch.cat([phase.sin(), phase.cos()], 1)
    grid = torch.cat([wave[:, None].expand(side, side, -1), wave[None].expand(side, side, -1)], 2)
    embeddings.position_embeddings[0, 1:] = 0.5 * grid.reshape(side * side, width)
    for name, module in model.named_modules():
        if name.endswith(".q_proj"):
            torch.nn.init.orthogonal_(module.weight, 0.7)
            model.get_submodule(name.replace(".q_proj", ".k_proj")).weight.copy_(module.weight)


def resnet():
    config = transformers.ResNetConfig(
        embedding_size=32, hidden_sizes=[32, 64, 96, 128], depths=[1, 1, 1, 1], layer_type="basic", **LABELS)
    return transformers.ResNetForImageClassification(config)


def mobilenet_v2():
    config = transformers.MobileNetV2Config(
        image_size=80, depth_multiplier=0.35, classifier_dropout_prob=0.1, **LABELS)
    model = transformers.MobileNetV2ForImageClassification(config)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.1  # transformers sets 0.997, TensorFlow's decay: the statistics of the last batch only
    return model


def convnext():
    config = transformers.ConvNextConfig(
        image_size=64, hidden_sizes=[32, 64, 96, 128], depths=[1, 2, 2, 1], **LABELS)
    return transformers.ConvNextForImageClassification(config)


RECIPES = {
    "resnet-mini": Recipe(
        resnet, lambda: transformers.ConvNextImageProcessorPil(size={"shortest_edge": 64}, crop_pct=0.875, **IMAGENET),
        size=64, crop=64 / 73, epochs=20, rate=3e-3, bfloat16=True),
    "convnext-mini": Recipe(
        convnext, lambda: transformers.ConvNextImageProcessorPil(size={"shortest_edge": 64}, crop_pct=0.875, **IMAGENET),
        size=64, crop=64 / 73, epochs=20, rate=3e-3, bfloat16=True),
    "mobilenet_v2-mini": Recipe(
        mobilenet_v2, lambda: transformers.MobileNetV2ImageProcessorPil(
            size={"shortest_edge": 88}, crop_size={"height": 80, "width": 80}, **CENTRED),
        size=80, crop=80 / 88, epochs=16, rate=3e-3),
    "vit-mini": Recipe(
        vit, lambda: transformers.ViTImageProcessorPil(size={"height": 72, "width": 72}, **CENTRED),
        size=72, crop=None, epochs=40, rate=1.5e-3, decay=0.05, teacher="resnet-mini"),
}


def training_images(cache):
    """Rendered training pictures and labels; rendered on the first call, read from `cache` later."""
    if not cache.exists():
        files = [jpeg(render("train", label, index)) for label in range(len(CLASSES)) for index in range(PER_CLASS)]
        cache.write_bytes(pickle.dumps(files))
    files = pickle.loads(cache.read_bytes())
    pictures = [Image.open(io.BytesIO(file)).convert("RGB") for file in files]
    return pictures, np.repeat(np.arange(len(CLASSES)), PER_CLASS)


def window(rng, size, crop):
    """A random box (left, top, right, bottom) near the one the processor looks at."""
    extent = np.asarray(size, float) if crop is None else np.full(2, min(size) * crop)
    extent = np.minimum(extent * rng.uniform(0.85, 1.1 if crop else 1.0, 2), size)
    slack = np.asarray(size) - extent
    corner = np.clip(slack / 2 + rng.uniform(-0.06, 0.06, 2) * size, 0, slack)
    return (*corner, *np.minimum(corner + extent, size))


def augmented(rng, picture, recipe, resample):
    """One training view: uint8 [size, size, 3]."""
    view = picture.resize((recipe.size, recipe.size), resample, box=window(rng, picture.size, recipe.crop))
    pixels = np.rot90(np.asarray(view), rng.integers(4))
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    return pixels[..., rng.permutation(3)]


def normalized(batch, processor):
    """uint8 [n, h, w, 3] -> float32 [n, 3, h, w] in the processor's units."""
    mean, std = torch.tensor(processor.image_mean), torch.tensor(processor.image_std)
    return ((batch.float() / 255 - mean) / std).permute(0, 3, 1, 2)


class Teacher:
    """Softened predictions of an already trained model."""

    def __init__(self, name):
        folder = HERE / "models" / name
        self.processor = transformers.AutoImageProcessor.from_pretrained(folder, use_fast=False)
        self.model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
        self.recipe = RECIPES[name]

    @torch.no_grad()
    def __call__(self, batch):
        inputs = normalized(batch, self.processor)
        kept = round(inputs.shape[-1] * self.recipe.crop)
        margin = (inputs.shape[-1] - kept) // 2
        inputs = inputs[..., margin : margin + kept, margin : margin + kept]
        inputs = functional.interpolate(inputs, (self.recipe.size,) * 2, mode="bilinear", antialias=True)
        return self.model(inputs.contiguous(memory_format=torch.channels_last)).logits


def loss_of(logits, labels, wanted):
    """Cross entropy, blended with the divergence from the teacher's logits `wanted` where there is a teacher."""
    hard = functional.cross_entropy(logits, labels, label_smoothing=0.1)
    if wanted is None:
        return hard
    soft = functional.kl_div(
        functional.log_softmax(logits / 2, 1), functional.log_softmax(wanted / 2, 1), log_target=True,
        reduction="batchmean")
    return 0.3 * hard + 0.7 * 4 * soft


def parameter_groups(model, decay):
    """Weight decay for matrices and kernels only."""
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]


def train(name, pictures, labels, scale):
    """Trains one model and saves it under models/."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    recipe = RECIPES[name]
    processor, model = recipe.processor(), recipe.model().to(memory_format=torch.channels_last)
    teacher = Teacher(recipe.teacher) if recipe.teacher else None
    epochs = max(1, round(recipe.epochs * scale))
    steps = len(pictures) // recipe.batch
    optimizer = torch.optim.AdamW(parameter_groups(model, recipe.decay))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=epochs * steps, pct_start=0.15)
    started = time.time()
    for epoch in range(epochs):
        model.train()
        right, order = 0, rng.permutation(len(pictures))
        for step in range(steps):
            chosen = order[step * recipe.batch : (step + 1) * recipe.batch]
            views = [augmented(rng, pictures[i], recipe, processor.resample) for i in chosen]
            batch, target = torch.from_numpy(np.stack(views)), torch.from_numpy(labels[chosen])
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
                logits = model(normalized(batch, processor).contiguous(memory_format=torch.channels_last)).logits
            loss = loss_of(logits.float(), target, teacher(batch) if teacher else None)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            right += int((logits.argmax(1) == target).sum())
        print(f"{name} epoch {epoch + 1}/{epochs} train {right / (steps * recipe.batch):.4f} "
              f"loss {loss.item():.3f} {time.time() - started:.0f} s", flush=True)
    folder = HERE / "models" / name
    model.to(memory_format=torch.contiguous_format).save_pretrained(folder)
    processor.save_pretrained(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", choices=RECIPES, help="models to train, in this order")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir(), "zoo-train.pickle"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the epochs")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pictures, labels = training_images(options.cache)
    for name in options.models:
        train(name, pictures, labels, options.scale)


if __name__ == "__main__":
    main()
