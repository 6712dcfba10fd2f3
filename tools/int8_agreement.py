"""Counts how often dynamic quantization keeps the class, on the zoo's networks with seeded random weights.

    python tools/int8_agreement.py [--images 500] [--device cuda] [--jobs 8] [--scratch DIR] [--record] [RECIPE...]

For every recipe (see tools/conformance.py), the images are uniform noise with a random contrast, colour and coarse
pattern of their own, from a fixed seed. The reference is Espalier's `compile` in f32, which tools/conformance.py holds
against transformers within 2e-4 of the largest logit; with --device it is PyTorch in f32 on that device, which on a GPU
takes seconds. An image counts where the margin between the reference's first
and second class exceeds one quantization step of the logits, a 255th of their range: below it, 8 bits cannot tell the
two apart. With --ideal, the same is asked of PyTorch with weights and inputs of its layers rounded to 8 bits and f32
arithmetic otherwise: what such a quantization can keep at best, whoever executes it. Prints a line per model; exits with 1 where fewer than 99 % of the images that count keep their class.
--record keeps the figures in tools/conformance/int8_agreement.json.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE / "conformance"))

import conformance  # noqa: E402
import numpy as np  # noqa: E402
import reference  # noqa: E402

LEAST_SHARE = 0.99
BATCH = 4
RESULTS = HERE / "conformance" / "int8_agreement.json"


def images(count, channels, height, width, seed):
    """f32 [count, channels, height, width] within about [-2, 2]."""
    random = np.random.default_rng(seed)
    out = np.empty((count, channels, height, width), np.float32)
    for image in out:
        coarse = random.normal(size=(channels, 7, 7)).astype(np.float32)
        rows, columns = np.arange(height) * 7 // height, np.arange(width) * 7 // width
        image[:] = coarse[:, rows][:, :, columns] * random.uniform(0.2, 1.0)
        image += random.uniform(-1, 1, size=image.shape).astype(np.float32) * random.uniform(0.1, 1.0)
        image += random.normal(size=(channels, 1, 1)).astype(np.float32) * 0.5
    return out


def logits(folder, tactic, pixels, count):
    run = subprocess.run([conformance.PROGRAM, folder, tactic, str(BATCH), pixels], capture_output=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.decode().strip())
    return np.frombuffer(run.stdout, dtype="<f4").reshape(count, -1)


def pytorch_logits(model, device, pixels, shape):
    """Of the network itself, without the arithmetic of fewer bits that a GPU would otherwise take for f32."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    model = model.to(device)
    batches = torch.from_numpy(np.fromfile(pixels, np.float32).reshape(shape)).split(BATCH)
    return np.concatenate([reference.logits(model, batch.to(device)).cpu().numpy() for batch in batches])


def rounded(tensor, lowest, highest, levels):
    """The tensor in `levels` equal steps from lowest to highest."""
    step = (highest - lowest) / (levels - 1)
    step[step == 0] = 1
    zero = (-lowest / step).round()
    return ((tensor / step).round() + zero).clamp(0, levels - 1).sub(zero).mul(step)


def quantize_ideally(model):
    """8 bits as Espalier has them: weights symmetric by output channel, inputs asymmetric by row of a linear layer and
    by image of a convolution, the first convolution left as it is."""
    from torch import nn

    layers = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    for layer in layers[isinstance(layers[0], nn.Conv2d):]:
        weight = layer.weight.data.flatten(1)
        bound = weight.abs().amax(1, keepdim=True)
        layer.weight.data = rounded(weight, -bound, bound, 255).view_as(layer.weight)

        def round_input(module, inputs):
            x = inputs[0]
            among = -1 if isinstance(module, nn.Linear) else tuple(range(1, x.dim()))
            return (rounded(x, x.amin(among, True).clamp(max=0), x.amax(among, True).clamp(min=0), 256), *inputs[1:])

        layer.register_forward_pre_hook(round_input)


def agreement(expected, got):
    ordered = np.sort(expected, axis=1)
    margin = ordered[:, -1] - ordered[:, -2]
    step = (ordered[:, -1] - ordered[:, 0]) / 255
    same = expected.argmax(axis=1) == got.argmax(axis=1)
    error = np.abs(got - expected).max(axis=1) / step
    counts = margin > step
    return {
        "images": int(counts.sum()),
        "same_class": float(f"{same[counts].mean():.4f}") if counts.any() else None,
        "same_class_all": float(f"{same.mean():.4f}"),
        "median_error_steps": float(f"{np.median(error):.2f}"),
        "classes_predicted": int(len(np.unique(expected.argmax(axis=1)))),
    }


def measure(path, options, scratch):
    recipe = json.loads(path.read_text())
    model = reference.build(recipe)
    reference.redraw(model, reference.seed_of(path.stem))
    folder = scratch / path.stem
    reference.save(model, recipe, folder)
    pixels, shape = folder / "pixels.f32", (options.images, recipe.get("channels", 3), *recipe["image"])
    images(*shape, seed=reference.seed_of(path.stem)).tofile(pixels)
    try:
        if options.device:
            expected = pytorch_logits(model, options.device, pixels, shape)
        else:
            expected = logits(folder, "compile", pixels, options.images)
        if options.ideal:
            quantize_ideally(model)
            return agreement(expected, pytorch_logits(model, options.device or "cpu", pixels, shape))
        return agreement(expected, logits(folder, "compile+dynamic-quantization", pixels, options.images))
    finally:
        shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--device", help="where PyTorch computes the reference, e.g. cuda; not given: Espalier does")
    parser.add_argument("--ideal", action="store_true", help="ask what 8 bits can keep, not what Espalier keeps")
    parser.add_argument("--jobs", type=int, default=1, help="models at once, two threads each")
    parser.add_argument("--scratch", type=pathlib.Path, help="where checkpoints go (default: a temporary folder)")
    parser.add_argument("--record", action="store_true", help="keep the figures in tools/conformance")
    options = parser.parse_args()
    paths = [conformance.recipe_path(r) for r in options.recipes] or sorted(
        (HERE / "conformance" / "zoo").glob("*.json"))
    results = json.loads(RESULTS.read_text()) if options.record and RESULTS.exists() else {}
    short = 0
    with tempfile.TemporaryDirectory() as temporary:
        scratch = options.scratch or pathlib.Path(temporary)
        pool = concurrent.futures.ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn"))
        running = {pool.submit(measure, path, options, scratch): path for path in paths}
        for done in concurrent.futures.as_completed(running):
            path = running[done]
            if done.exception():
                short += 1
                print(f"{path.stem:58} FAILED: {done.exception()}", flush=True)
                continue
            figures = done.result()
            good = figures["same_class"] is not None and figures["same_class"] >= LEAST_SHARE
            short += not good
            print(f"{path.stem:58} {json.dumps(figures)} {'' if good else 'SHORT'}", flush=True)
            results[path.stem] = figures
            if options.record:
                RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n")
    print(f"{len(paths) - short} of {len(paths)} models keep the class of at least {LEAST_SHARE:.0%} of the images")
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    main()
