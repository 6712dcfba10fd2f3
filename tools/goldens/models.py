"""Tiny checkpoints with random weights and their logits by transformers or timm, written to models/.

    python models.py [NAME...]        (transformers 4.48.3, timm 1.0, torch 2.14; default: every recipe)

Each folder models/NAME holds recipe.json (see tools/conformance/reference.py), and what this script makes of it: a
Hugging Face model of a few thousand parameters, with options that the well-known checkpoints do not use, and
logits.json, computed in double precision for two images. The seed depends on the name alone.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "conformance"))

import reference  # noqa: E402


def main():
    recipes = sorted((HERE / "models").glob("*/recipe.json"))
    wanted = set(sys.argv[1:])
    for path in recipes:
        name = path.parent.name
        if wanted and name not in wanted:
            continue
        recipe = json.loads(path.read_text())
        model = reference.build(recipe)
        reference.redraw(model, reference.seed_of(name))
        reference.save(model, recipe, path.parent)
        shape = (2, recipe.get("channels", 3), *recipe["image"])
        logits = reference.logits(model.double(), reference.pixels(shape).double())
        (path.parent / "logits.json").write_text(json.dumps({"logits": logits.tolist()}) + "\n")
        size = sum(f.stat().st_size for f in path.parent.iterdir())
        print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters, {size / 1000:.0f} kB, "
              f"logits {[round(v, 3) for v in logits[0].tolist()]}")


if __name__ == "__main__":
    main()
