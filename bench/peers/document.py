"""Writes docs/performance.md, and the paragraph of README.md on speed, from bench/results, so that they say what was
measured and nothing else. The results of another machine lie in a folder of their own, bench/results/NAME, and become
docs/performance-NAME.md.

    python document.py [--check]

--check writes nothing and fails when the pages are not what the results give.
"""

import argparse
import json
import pathlib
import statistics
import sys

import contenders
import summary

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRECISIONS = {"fp32": "fp32", "int8": "int8: dynamic and static, whichever is fastest", "bf16": "bf16"}


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "-|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def ms(value):
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def mark(*rows):
    return " ~" if any(map(summary.disturbed, rows)) else ""


def side_by_side(data):
    rows, parts = data["rows"], []
    for precision, title in PRECISIONS.items():
        found = summary.pairs(rows, precision)
        if not found:
            continue
        lines = []
        for ours, peer in found:
            figure, low, high = summary.ratio(ours, peer)
            lines.append((*summary.key(ours), f"{ours['form']} {ms(summary.median_ms(ours))}",
                          f"{peer['contender']} {ms(summary.median_ms(peer))}", f"{figure:.2f} ({low:.2f} to {high:.2f})"
                          + mark(ours, peer), f"{summary.fastest_ms(peer) / summary.fastest_ms(ours):.2f}"))
        figure, low, high = summary.geometric_mean(found)
        parts.append(f"### {title}\n\n" + table(("model", "batch", "threads", "Espalier, ms", "fastest peer, ms", "peer / Espalier", "of the fastest calls"), lines)
                     + f"\n\nGeometric mean of peer / Espalier: **{figure:.2f}** ({low:.2f} to {high:.2f}).")
    return "## Beside the fastest peer\n\n" + "\n\n".join(parts)


def scaling(data):
    lines = []
    for row in summary.measured(data["rows"]):
        other = next((o for o in summary.measured(data["rows"]) if o["threads"] == 2 and row["threads"] == 1
                      and all(o[k] == row[k] for k in ("model", "batch", "contender"))), None)
        if other:
            one, two = summary.median_ms(row), summary.median_ms(other)
            lines.append((row["model"], row["batch"], row["contender"], ms(one), ms(two), f"{one / two:.2f}" + mark(row, other)))
    return "## One thread and two\n\n" + table(("model", "batch", "contender", "1 thread, ms", "2 threads, ms", "times as fast"), lines) if lines else ""


def everything(data):
    lines = []
    for row in sorted(summary.measured(data["rows"]), key=lambda r: (summary.key(r), summary.median_ms(r))):
        low, high = summary.interval(lambda chance: summary.resampled(row, chance))
        agreement = row["agreement"]
        answers = (f"{agreement['largest_difference']:.0e} of the largest" if row["precision"] == "fp32" else
                   f"same class {100 * agreement['same_class']:.0f} %, cosine {agreement['cosine_of_differences_between_images']:.3f}")
        lines.append((*summary.key(row), row["contender"], row["precision"], f"{ms(summary.median_ms(row))} ({ms(low)} to {ms(high)})" + mark(row),
                      f"{1e3 * row['batch'] / summary.median_ms(row):.1f}", answers, f"{row['load_s']:.2f}", f"{row.get('peak_rss_mib', 0):.0f}"))
    head = ("model", "batch", "threads", "contender", "precision", "ms per call", "images/s", "answers beside PyTorch's in float64",
            "load s", "process MiB")
    return "## Every row\n\n" + table(head, lines)


def failures(data):
    reasons = {}
    for row in data["rows"]:
        if "failed" in row:
            reasons.setdefault((row["contender"], row["failed"]), []).append(f"{row['model']} (batch {row['batch']})")
    lines = [f"- {who}: {', '.join(where)}: {why}" for (who, why), where in reasons.items()]
    tried = {row["contender"] for row in data["rows"]}
    lines += [f"- {c.name}: not run." for c in contenders.CONTENDERS if c.name not in tried]
    return "## What was not measured\n\n" + "\n".join(lines) if lines else ""


def cold_start(data):
    lines = [(r["model"], r["contender"], f"{r['seconds']:.3f}", f"{r['peak_rss_mib']:.0f}",
              "" if r.get("lean_seconds") is None else f"{r['lean_seconds']:.3f}",
              "" if r.get("lean_rss_mib") is None else f"{r['lean_rss_mib']:.0f}", f"{r['weights_mib']:.0f}") for r in data["rows"]]
    return ("## From nothing to the first answer\n\nA new process reads a JPEG file and the same ONNX file, and answers; the page "
            "cache is warm. Weights are packed for the kernels each time, or lie where an earlier start kept them "
            "(`--packed-weights`). The columns without Python leave out the start of the interpreter and its imports, in time and in memory: "
            "what a lean program around the same library would take at best.\n\n" +
            table(("model", "contender", "s", "peak MiB", "s without Python", "MiB without Python", "weights MiB"), lines))


def jpeg(data):
    lines = [(r["resample"], f"{r['espalier_ms']:.3f}", f"{r['pillow_ms']:.3f}", f"{r['pillow_ms'] / r['espalier_ms']:.2f}",
              "yes" if r["bit_equal"] else "NO") for r in data["rows"]]
    return (f"## JPEG file to tensor, one core\n\n{data['images']} images of {data['size']}, {data['mean_kib']:.0f} KiB on average, to "
            "224x224; Pillow with NumPy.\n\n" + table(("filter", "Espalier, ms per image", "Pillow, ms", "times as fast", "bit for bit equal"), lines))


def neighbour(data):
    lines = [(r["model"], r["contender"], ms(r["alone_median_ms"]), ms(r["busy_median_ms"]), f"{r['busy_median_ms'] / r['alone_median_ms']:.2f}",
              f"{r['busy_p95_ms'] / r['alone_p95_ms']:.2f}") for r in data["rows"]]
    return ("## Beside a busy neighbour\n\nOne other process burns one of the two processors; batch 1, two threads.\n\n" +
            table(("model", "contender", "alone, ms", "beside it, ms", "median slower", "p95 slower"), lines))


def pruned(data):
    dense = {(r["model"], r["contender"]): r for r in data["rows"]}
    lines = []
    for row in summary.measured(data["rows"]):
        other = dense[row["model"], f"espalier {row['dense']}"]
        if other is row:
            lines.append((row["model"], row["form"], ms(summary.median_ms(row)) + mark(row), "", ""))
            continue
        figure, low, high = summary.ratio(row, other)
        lines.append((row["model"], row["form"], ms(summary.median_ms(row)), f"{figure:.2f} ({low:.2f} to {high:.2f})" + mark(row, other),
                      f"{summary.fastest_ms(other) / summary.fastest_ms(row):.2f}"))
    return ("## What zeros are worth\n\nPruned beside dense, both in Espalier, in turns; batch 1, two threads. What pruning costs is in "
            "[accuracy.md](accuracy.md).\n\n" +
            table(("model", "tactic", "ms", "times as fast as dense", "of the fastest calls"), lines))


SECTIONS = {"pruned": pruned, "cold_start": cold_start, "jpeg": jpeg, "neighbour": neighbour}


def shared(data):
    """What --nice made of a machine that others used."""
    slices = [s["foreign"] for row in data["rows"] for s in row["slices"]]
    if int(data["settings"]["nice"]) >= 0 or not slices:
        return ""
    return (f" Other processes used what the contenders left of the machine ({100 * statistics.median(slices):.0f} % in the median "
            f"slice); the contenders ran before them (niceness {data['settings']['nice']}).")


def pages():
    """Each folder with results, and the page that it becomes; first that of the usual machine."""
    root = ROOT / "bench/results"
    others = sorted(path.parent for path in root.glob("*/side_by_side.json"))
    return [(root, "docs/performance.md"), *((folder, f"docs/performance-{folder.name}.md") for folder in others)]


def page(folder):
    data = json.loads((folder / "side_by_side.json").read_text())
    machine, versions = data["machine"], sorted({r["version"] for r in data["rows"] if "version" in r})
    counts = sorted({len(r["slices"]) for r in summary.measured(data["rows"])} or {0})
    rounds = f"{counts[0]} to {counts[-1]}" if len(counts) > 1 else f"{counts[0]}"
    unclean = sum(map(summary.disturbed, summary.measured(data["rows"])))
    text = [f"""# Performance with {instructions(machine)}

Generated by `bench/peers/document.py` from [{folder.relative_to(ROOT)}](../{folder.relative_to(ROOT)}); how to repeat it:
[bench/README.md](../bench/README.md). Machine: {machine['cpu']} (family/model/stepping {machine['family_model_stepping']}),
{machine['processors']} processors{', virtual' if machine['hypervisor'] else ''}, {machine['memory_gib']} GiB, Linux {machine['kernel']}. {data['date'][:10]}, commit {data['commit']}:
{', '.join(versions)}.

Seven networks of torchvision at 224x224 with the same seeded random weights for all, as one ONNX file (torch: the module
itself; ncnn: through pnnx). Contenders take turns in random order, {rounds} rounds; a figure is the median over rounds of the
median latency of a slice, in ms per call; in brackets its 95 % bootstrap interval over rounds. "peer / Espalier" above 1: Espalier is faster;
beside it the same of each contender's single fastest call, which other work on the machine disturbs least.
Slices during which its threads had to wait for a processor do not count{'; ~ marks rows where most were so.' if unclean else '.'}{shared(data)}
{'' if data['complete'] else 'The run was interrupted: this is a part of it.'}
Random weights make int8 look worse than it is: margins are small, and no range was trained. Speed does not depend on them."""]
    text += [side_by_side(data), scaling(data)]
    for name, section in SECTIONS.items():
        path = folder / f"{name}.json"
        if path.exists():
            text.append(section(json.loads(path.read_text())))
    text += [failures(data), everything(data)]
    return "\n\n".join(part.strip() for part in text if part.strip()) + "\n"


def instructions(machine):
    """The most capable instruction set of a machine that kernels know, for the reader."""
    return next((name for flag, name in (("amx_int8", "AMX"), ("avx512_bf16", "AVX-512 with bfloat16"), ("avx512_vnni", "AVX-512 VNNI"), ("avx512f", "AVX-512"),
                                         ("avx_vnni", "AVX-VNNI"), ("avx2", "AVX2")) if flag in machine["instruction_sets"]), "no AVX2")


def figures(folder, link):
    """What the results of a machine come to, in a sentence."""
    data = json.loads((folder / "side_by_side.json").read_text())
    said = []
    for precision in PRECISIONS:
        found = summary.pairs(data["rows"], precision)
        if found:
            figure, low, high = summary.geometric_mean(found)
            said.append(f"{figure:.2f} ({low:.2f} to {high:.2f}) in {precision}")
    machine = data["machine"]
    networks = len({row["model"] for row in data["rows"]})
    return (f"{', '.join(said)} over {networks} networks on {machine['processors']} processors of {machine['cpu']} "
            f"({instructions(machine)}, [{link}]({link}))")


def paragraph():
    """What README.md says between its marks."""
    return ("The time of the fastest peer over Espalier's, geometric mean: " + "; ".join(figures(*each) for each in pages()) +
            ". Above 1, Espalier is faster. The pages have each row, the peers and how it was measured.\n")


def between(text, name, content):
    """The text with `content` between <!-- name --> and <!-- end of name -->."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, rest = text.split(begin)
    return head + begin + content + end + rest.split(end, 1)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    readme = ROOT / "README.md"
    texts = {ROOT / path: page(folder) for folder, path in pages()}
    texts[readme] = between(readme.read_text(), "speed", paragraph())
    for path, text in texts.items():
        if arguments.check and path.read_text() != text:
            sys.exit(f"{path} is not what the results give; write it: python bench/peers/document.py")
        if not arguments.check:
            path.write_text(text)


if __name__ == "__main__":
    main()
