"""Trains the zoo's four classifiers on rendered images and saves each as a Hugging Face folder.

    python train.py resnet-mini convnext-mini mobilenet_v2-mini vit-mini

The training images are rendered once, passed through the same JPEG as the test images and kept in --cache. Every epoch
sees them through random windows and with permuted colour channels: neither changes what a shape is. The two models
without batch normalization learn slowly; their second cycle is taught by resnet-mini, which must be trained first.
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
#: Standard deviation of initial weights: the usual 0.02 suits widths near 1000; about 1 / sqrt(width) keeps signals.
SMALL_WIDTH_INIT = 0.1
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
    whole picture to `size` x `size`. Each of the `cycles` (epochs, batch, teacher) warms up to `rate` and cools down to
    0; with a teacher, the name of a model trained before, its softened predictions guide more than the labels do.
    """

    model: callable
    processor: callable
    size: int
    crop: float | None
    rate: float
    cycles: list
    decay: float = 0.02
    bfloat16: bool = False


def vit():
    config = transformers.ViTConfig(
        image_size=72, patch_size=12, hidden_size=96, num_hidden_layers=5, num_attention_heads=3,
        intermediate_size=192, initializer_range=SMALL_WIDTH_INIT, **LABELS)
    model = transformers.ViTForImageClassification(config)
    start_smooth(model)
    start_local(model)
    return model


@torch.no_grad()
def start_smooth(model):
    """Starts the patch projection as the lowest frequencies (DCT) of brightness and of two colour differences."""
    weight = model.vit.embeddings.patch_embeddings.projection.weight
    width, _, side, _ = weight.shape
    waves = torch.cos(torch.pi / side * (torch.arange(side) + 0.5) * torch.arange(side)[:, None])
    waves /= waves.norm(dim=1, keepdim=True)
    colours = torch.tensor([[1.0, 1, 1], [1, -1, 0], [1, 1, -2]])
    colours /= colours.norm(dim=1, keepdim=True)
    pairs = sorted(((u, v) for u in range(side) for v in range(side)), key=lambda pair: pair[0] ** 2 + pair[1] ** 2)
    for index in range(width):
        (u, v), colour = pairs[index // 3], colours[index % 3]
        weight[index] = 0.1 * (1 + u + v) * colour[:, None, None] * waves[u][:, None] * waves[v]


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
        image_size=72, depth_multiplier=0.35, classifier_dropout_prob=0.1, **LABELS)
    model = transformers.MobileNetV2ForImageClassification(config)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 0.1  # transformers sets 0.997, TensorFlow's decay: the statistics of the last batch only
    return model


def convnext():
    config = transformers.ConvNextConfig(
        image_size=64, hidden_sizes=[32, 64, 96, 128], depths=[1, 2, 2, 1], layer_scale_init_value=0.1,
        initializer_range=SMALL_WIDTH_INIT, **LABELS)
    return transformers.ConvNextForImageClassification(config)


RECIPES = {
    "resnet-mini": Recipe(
        resnet,
        lambda: transformers.ConvNextImageProcessorPil(size={"shortest_edge": 64}, crop_pct=0.875, **IMAGENET),
        size=64, crop=64 / 73, rate=3e-3, cycles=[(10, 96, None)], bfloat16=True),
    "convnext-mini": Recipe(
        convnext,
        lambda: transformers.ConvNextImageProcessorPil(size={"shortest_edge": 64}, crop_pct=0.875, **IMAGENET),
        size=64, crop=64 / 73, rate=3e-3, cycles=[(10, 96, None), (14, 48, "resnet-mini")], bfloat16=True),
    "mobilenet_v2-mini": Recipe(
        mobilenet_v2, lambda: transformers.MobileNetV2ImageProcessorPil(
            size={"shortest_edge": 80}, crop_size={"height": 72, "width": 72}, **CENTRED),
        size=72, crop=72 / 80, rate=3e-3, cycles=[(10, 96, None)]),
    "vit-mini": Recipe(
        vit, lambda: transformers.ViTImageProcessorPil(size={"height": 72, "width": 72}, **CENTRED),
        size=72, crop=None, rate=1.5e-3, cycles=[(20, 96, None), (20, 48, "resnet-mini")], decay=0.05),
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
    extent = np.minimum(extent * rng.uniform(0.88, 1.08 if crop else 1.0, 2), size)
    slack = np.asarray(size) - extent
    corner = np.clip(slack / 2 + rng.uniform(-0.06, 0.06, 2) * size, 0, slack)
    return (*corner, *np.minimum(corner + extent, size))


def augmented(rng, picture, recipe, resample):
    """One training view: uint8 [size, size, 3]."""
    view = picture.resize((recipe.size, recipe.size), resample, box=window(rng, picture.size, recipe.crop))
    return np.asarray(view)[..., rng.permutation(3)]


def normalized(batch, processor):
    """uint8 [n, h, w, 3] -> float32 [n, 3, h, w] in the processor's units."""
    mean, std = torch.tensor(processor.image_mean), torch.tensor(processor.image_std)
    return ((batch.float() / 255 - mean) / std).permute(0, 3, 1, 2)


class Teacher:
    """Predictions of a trained model for the views another recipe sees."""

    def __init__(self, name, student):
        folder = HERE / "models" / name
        self.recipe = RECIPES[name]
        self.kept = self.recipe.crop / (student.crop or 1.0)
        self.processor = transformers.AutoImageProcessor.from_pretrained(folder, use_fast=False)
        model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
        self.model = model.to(memory_format=torch.channels_last)

    @torch.no_grad()
    def __call__(self, batch):
        """Logits [n, classes] of uint8 views [n, h, w, 3]: their centre, resized to what the teacher takes."""
        inputs = normalized(batch, self.processor)
        margin = round(inputs.shape[-1] * (1 - self.kept) / 2)
        inputs = inputs[..., margin : inputs.shape[-2] - margin, margin : inputs.shape[-1] - margin]
        inputs = functional.interpolate(inputs, (self.recipe.size,) * 2, mode="bilinear")
        with torch.autocast("cpu", torch.bfloat16):
            return self.model(inputs.contiguous(memory_format=torch.channels_last)).logits.float()


def loss_of(logits, labels, wanted):
    """Cross entropy, blended with the divergence from a teacher's logits `wanted` where there is a teacher."""
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


def run_cycle(name, cycle, model, processor, pictures, labels):
    """One warm-up and cool-down over the training images; `cycle` is the index into the recipe's cycles."""
    recipe, rng = RECIPES[name], np.random.default_rng([SEED, cycle])
    epochs, batch_size, teacher = recipe.cycles[cycle]
    guide = Teacher(teacher, recipe) if teacher else None
    steps = len(pictures) // batch_size
    optimizer = torch.optim.AdamW(parameter_groups(model, recipe.decay))
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=epochs * steps, pct_start=0.1)
    started = time.time()
    model.train()
    for epoch in range(epochs):
        right, order = 0, rng.permutation(len(pictures))[: steps * batch_size]
        for chosen in order.reshape(steps, batch_size):
            views = [augmented(rng, pictures[i], recipe, processor.resample) for i in chosen]
            batch, target = torch.from_numpy(np.stack(views)), torch.from_numpy(labels[chosen])
            with torch.autocast("cpu", torch.bfloat16, enabled=recipe.bfloat16):
                logits = model(normalized(batch, processor).contiguous(memory_format=torch.channels_last)).logits
            loss = loss_of(logits.float(), target, guide(batch) if guide else None)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            right += int((logits.argmax(1) == target).sum())
        print(f"{name} cycle {cycle} epoch {epoch + 1}/{epochs} train {right / order.size:.4f} "
              f"loss {loss.item():.3f} {time.time() - started:.0f} s", flush=True)


def train(name, pictures, labels, first_cycle):
    """Trains one model from `first_cycle` on and saves it under models/ after each cycle."""
    torch.manual_seed(SEED)
    recipe, folder = RECIPES[name], HERE / "models" / name
    processor, model = recipe.processor(), recipe.model()
    if first_cycle:
        model.load_state_dict(type(model).from_pretrained(folder).state_dict())
    for cycle in range(first_cycle, len(recipe.cycles)):
        run_cycle(name, cycle, model.to(memory_format=torch.channels_last), processor, pictures, labels)
        model.to(memory_format=torch.contiguous_format).save_pretrained(folder)
        processor.save_pretrained(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", choices=RECIPES, help="models to train, in this order")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir(), "zoo-train.pickle"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--first-cycle", type=int, default=0,
                        help="go on from this cycle with the weights under models/")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pictures, labels = training_images(options.cache)
    for name in options.models:
        train(name, pictures, labels, options.first_cycle)


if __name__ == "__main__":
    main()
