"""Writes src/datasets/goldens/images/: tiny JPEG and PNG files of every kind that is read, images.tsv (what Pillow
decodes them to) and processors.tsv (what Hugging Face image processors make of some of them).

    python tools/goldens/images.py

Made with Pillow 12.0.0, NumPy 2.4.6 and the Pillow-based processors of transformers 5.23.0,
which compute as the slow ones of 4.48 do.
"""

import hashlib
import importlib
import io
import json
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

FOLDER = pathlib.Path(__file__).parents[2] / "src" / "datasets" / "goldens" / "images"


def picture(height, width):
    """Smooth colours with a few edges: what codecs and filters are made for."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 127 + 120 * np.sin(x / 7.0) * np.cos(y / 9.0)
    green = 255 * x / max(width - 1, 1)
    blue = np.where((x - width / 3) ** 2 + (y - height / 2) ** 2 < (height / 3) ** 2, 220, 40 + y)
    return Image.fromarray(np.clip(np.stack([red, green, blue], -1), 0, 255).astype(np.uint8))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw_png(array, depth, color, interlace=0):
    """A PNG of 8- or 16-bit samples, Adam7 interlaced on demand: kinds that Pillow does not write."""
    height, width = array.shape[:2]
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b""
    for top, left, down, right in passes if interlace else [(0, 0, 1, 1)]:
        part = array[top::down, left::right]
        if part.size:
            rows += b"".join(b"\0" + row.astype(">u2" if depth == 16 else np.uint8).tobytes() for row in part)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def files():
    rgb = picture(37, 53)
    grey = rgb.convert("L")
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        yield f"rgb_{subsampling.replace(':', '')}.jpg", encoded(rgb, "JPEG", quality=80, subsampling=subsampling)
    yield "progressive.jpg", encoded(rgb, "JPEG", quality=60, progressive=True)
    yield "grey.jpg", encoded(grey, "JPEG", quality=75)
    yield "cmyk.jpg", encoded(rgb.convert("CMYK"), "JPEG", quality=85)
    yield "one_pixel.jpg", encoded(picture(1, 1), "JPEG")
    yield "restart.jpg", encoded(rgb, "JPEG", quality=50, restart_marker_blocks=2)
    for value in range(1, 9):
        yield f"turned_{value}.jpg", encoded(picture(11, 19), "JPEG", quality=70, exif=orientation(value))
    jpeg = encoded(rgb, "JPEG", quality=80)
    yield "extraneous.jpg", jpeg.replace(b"\xff\xda", b"\0\0\0\xff\xda", 1)
    yield "truncated.jpg", jpeg[: len(jpeg) * 2 // 3]
    yield "header_only.jpg", jpeg[:40]

    yield "rgb.png", encoded(rgb, "PNG")
    yield "rgba.png", encoded(Image.merge("RGBA", (*rgb.split(), grey)), "PNG")
    yield "grey.png", encoded(grey, "PNG")
    yield "grey_alpha.png", encoded(Image.merge("LA", (grey, grey)), "PNG")
    yield "one_bit.png", encoded(grey.convert("1"), "PNG")
    for bits in (1, 2, 4, 8):
        palette = rgb.quantize(2**bits)
        yield f"palette_{bits}.png", encoded(palette, "PNG", bits=bits)
        yield f"palette_{bits}_transparent.png", encoded(palette, "PNG", bits=bits, transparency=0)
    yield "turned.png", encoded(picture(11, 19), "PNG", exif=orientation(6))
    deep = np.asarray(rgb).astype(np.uint16) * 257 + 100
    yield "rgb_16.png", raw_png(deep, 16, 2)
    yield "grey_16.png", raw_png(deep[..., 0] // 150, 16, 0)  # from 0 to beyond 255, where Pillow clips
    yield "grey_alpha_16.png", raw_png(deep[..., :2], 16, 4)
    yield "interlaced.png", raw_png(np.asarray(rgb), 8, 2, interlace=1)
    png = encoded(rgb, "PNG")
    yield "truncated.png", png[: len(png) // 2]
    yield "bad_checksum.png", png[: len(png) // 2] + bytes([png[len(png) // 2] ^ 1]) + png[len(png) // 2 + 1 :]


REFUSED = {"truncated.jpg", "header_only.jpg", "truncated.png", "bad_checksum.png"}

PROCESSORS = [
    ("rgb.png", 24, "vit", "ViT", {"size": {"height": 24, "width": 24}, "resample": 2}),
    ("rgb_420.jpg", 20, "convnext", "ConvNext", {"size": {"shortest_edge": 20}, "crop_pct": 0.875, "resample": 3}),
    ("cmyk.jpg", 31, "bit", "Bit", {"size": {"shortest_edge": 33}, "crop_size": {"height": 31, "width": 31}}),
    ("turned_6.jpg", 28, "bit", "Bit", {"size": {"shortest_edge": 17}, "crop_size": {"height": 28, "width": 28}}),
    ("palette_4.png", 16, "levit", "Levit", {"size": {"shortest_edge": 16}, "crop_size": {"height": 16, "width": 16}}),
    ("grey.jpg", 15, "poolformer", "PoolFormer", {"size": {"shortest_edge": 15}, "crop_pct": 0.9, "resample": 3,
                                                 "crop_size": {"height": 15, "width": 15}}),
    ("rgb_16.png", 21, "efficientnet", "EfficientNet", {"size": {"height": 21, "width": 21}, "resample": 0,
                                                       "image_std": [0.47853944, 0.4732864, 0.47434163]}),
    ("rgba.png", 24, "mobilevit", "MobileViT", {"size": {"shortest_edge": 27}, "resample": 2,
                                               "crop_size": {"height": 24, "width": 24}}),
]


def load(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return ImageOps.exif_transpose(image)


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def processor_row(name, edge, module, class_name, options):
    library = importlib.import_module(f"transformers.models.{module}.image_processing_pil_{module}")
    processor = getattr(library, f"{class_name}ImageProcessorPil")(**options)
    image = load((FOLDER / name).read_bytes()).convert("RGB")
    values = np.asarray(processor(image, return_tensors="np")["pixel_values"][0])
    assert values.dtype == np.float32 and values.shape == (3, edge, edge), (name, values.dtype, values.shape)
    defaults = {key: getattr(processor, key) for key in ("image_mean", "image_std")}
    text = json.dumps({"image_processor_type": f"{class_name}ImageProcessor", **defaults, **options})
    return f"{name}\t{edge}\t{digest(values)}\t{text}"


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = ["file\twidth\theight\tsha256_first16_rgb\tsha256_first16_l"]
    for name, data in files():
        (FOLDER / name).write_bytes(data)
        if name in REFUSED:
            rows.append(f"{name}\t0\t0\trefused\trefused")
            continue
        image = load(data)
        rows.append(f"{name}\t{image.width}\t{image.height}\t{digest(np.asarray(image.convert('RGB')))}\t"
                    f"{digest(np.asarray(image.convert('L')))}")
    (FOLDER.parent / "images.tsv").write_text("\n".join(rows) + "\n")
    lines = ["file\tedge\tsha256_first16\tprocessor"] + [processor_row(*row) for row in PROCESSORS]
    (FOLDER.parent / "processors.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
