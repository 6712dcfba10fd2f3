"""Writes the table of supported architectures into README.md, between its two markers.

    python tools/support_matrix.py          (no package is needed)

A row per model_type of src/models/models.cpp: the checkpoints of the zoo that are of it, and the largest difference of
their logits from the reference's, as tools/conformance.py --record measured it.
"""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).parents[1]
BEGIN, END = "<!-- supported architectures -->", "<!-- end of supported architectures -->"


def architectures():
    rows = re.findall(r'^    {"([a-z0-9_-]+)", "', (ROOT / "src/models/models.cpp").read_text(), re.M)
    assert rows, "src/models/models.cpp has no rows"
    return rows


def model_type(recipe):
    return "timm_wrapper" if recipe["class"].startswith("TimmWrapper") else recipe["config"]["model_type"]


def largest(rows, tactic):
    """The worst of the checkpoints, or a dash where one was not measured."""
    values = [row.get(tactic, {}).get("difference") for row in rows]
    return f"{max(values):.0e}" if values and None not in values else "-"


def tactics(rows):
    return "yes" if rows and all(row.get("dynamic-quantization", {}).get("same_argmax") for row in rows) else "no"


def main():
    folder = ROOT / "tools" / "conformance"
    results = json.loads((folder / "results.json").read_text())
    recipes = {p.stem: json.loads(p.read_text()) for p in sorted((folder / "zoo").glob("*.json"))}
    table = ["| `model_type` | checkpoints compared | baseline | compile | int8: same class |", "|-|-|-|-|-|"]
    for name in architectures():
        stems = [stem for stem, recipe in recipes.items() if model_type(recipe) == name]
        rows = [results.get(stem, {}) for stem in stems]
        shown = ", ".join(recipes[stem]["hub_id"].split("/")[1] for stem in stems)
        table.append(f"| `{name}` | {shown} | {largest(rows, 'baseline')} | {largest(rows, 'compile')} | {tactics(rows)} |")
    readme = ROOT / "README.md"
    text = readme.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    readme.write_text(f"{before}{BEGIN}\n" + "\n".join(table) + f"\n{END}{after}")


if __name__ == "__main__":
    main()
