"""What transformers answers for the zoo's models on the zoo's test images.

For each model, `reference/<model>.json` holds the top-1 accuracy, the argmax of all test images (classes in sorted
order, files sorted within a class) and the full logits of the first eight. Preprocessing is transformers' own PIL
processor (`use_fast=False`); the model runs in float32, evaluation mode, one image at a time, so that no answer
depends on how images were batched.

    python reference.py [model ...]
"""

import argparse
import json
import pathlib

import torch
import transformers
from PIL import Image

HERE = pathlib.Path(__file__).parent
WITH_LOGITS = 8


def test_files(split="test"):
    """[(path, class index)] in class order, then file name order."""
    classes = sorted(folder.name for folder in (HERE / "images" / split).iterdir())
    return [(path, index) for index, name in enumerate(classes)
            for path in sorted((HERE / "images" / split / name).iterdir())]


def load(name):
    """(processor, model in evaluation mode) of a zoo folder."""
    folder = HERE / "models" / name
    processor = transformers.AutoImageProcessor.from_pretrained(folder, use_fast=False)
    return processor, transformers.AutoModelForImageClassification.from_pretrained(folder).eval()


def pixel_values(processor, files):
    """The processor's tensors, one [1, 3, h, w] per file."""
    return [processor(Image.open(path).convert("RGB"), return_tensors="pt")["pixel_values"] for path, _ in files]


@torch.no_grad()
def logits_of(model, inputs):
    """[images, classes]"""
    return torch.cat([model(pixel_values=pixels).logits for pixels in inputs])


def reference(name):
    """The JSON document of one model."""
    processor, model = load(name)
    files = test_files()
    logits = logits_of(model, pixel_values(processor, files))
    predictions = logits.argmax(1).tolist()
    right = sum(prediction == label for prediction, (_, label) in zip(predictions, files))
    return {
        "model": name,
        "images": len(files),
        "top1": right / len(files),
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "processor": type(processor).__name__,
        "logits_files": [str(path.relative_to(HERE / "images" / "test")) for path, _ in files[:WITH_LOGITS]],
        "logits": logits[:WITH_LOGITS].tolist(),
        "predictions": predictions,
    }


def as_text(document):
    """One key per line; long lists stay on their line."""
    return "{\n" + ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in document.items()) + "\n}\n"


def main():
    torch.set_num_threads(1)
    everything = sorted(folder.name for folder in (HERE / "models").iterdir())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=everything)
    (HERE / "reference").mkdir(exist_ok=True)
    for name in parser.parse_args().models:
        document = reference(name)
        (HERE / "reference" / f"{name}.json").write_text(as_text(document))
        print(f"{name}: top-1 {document['top1']:.4f} on {document['images']} images")


if __name__ == "__main__":
    main()
