"""Makes a folder of training pictures that travels: the sharpest of free photographs, smaller, with their sources.

    python3 prepare_photos.py --data free-photos more-photos --out photos --short-side 400 --megabytes 28 --most cc0-fb=12

What a camera writes is soft at its own pixels and what a JPEG file holds is damaged there, hence `--short-side`.
"""

from __future__ import annotations

import argparse
import io
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import List, Optional, Tuple

import numpy as np
from PIL import Image

from data import list_images, read_rgb
from licences import LICENCES, all_sources

COLUMNS = ("file", "title_author", "licence", "source", "original_file", "sha256_of_original")


def sharpness(image: Image.Image) -> float:
    """Mean size of the Laplacian of the grey picture, of 255."""
    grey = np.asarray(image.convert("L"), dtype=np.float32)
    inner = grey[1:-1, 1:-1]
    return float(np.abs(4 * inner - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]).mean())


def reduced(path: str, short_side: int, quality: int) -> Tuple[float, str, bytes]:
    """Sharpness, path and JPEG file (colour at full size) of a picture brought to the short side, if it is larger."""
    image = read_rgb(path)
    scale = short_side / min(image.size)
    if scale < 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True, progressive=True)
    return sharpness(image), path, buffer.getvalue()


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True, help="folders with sources (see licences.py)")
    parser.add_argument("--out", required=True)
    parser.add_argument("--short-side", type=int, default=400)
    parser.add_argument("--quality", type=int, default=92, help="of JPEG")
    parser.add_argument("--megabytes", type=float, default=28, help="take the sharpest until they are so large together")
    parser.add_argument("--most", nargs="*", default=[], metavar="PREFIX=COUNT", help="fewer of pictures that are alike")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)
    sources = all_sources(options.data)
    most = {prefix: int(count) for prefix, count in (entry.split("=") for entry in options.most)}
    paths = [p for p in list_images(options.data) if sources.get(os.path.basename(p), {}).get("licence") in LICENCES]
    with ThreadPoolExecutor(options.threads) as pool:
        pictures = list(pool.map(lambda path: reduced(path, options.short_side, options.quality), paths))
    os.makedirs(options.out, exist_ok=True)
    taken: Counter[str] = Counter()
    rows, size = [], 0
    for _, path, data in sorted(pictures, key=lambda picture: picture[:2], reverse=True):
        source = os.path.basename(path)
        name = os.path.splitext(source)[0] + ".jpg"
        alike = next(filter(name.startswith, most), None)
        if size + len(data) > options.megabytes * 1e6 or (alike and taken[alike] >= most[alike]):
            continue
        if alike:
            taken[alike] += 1
        size += len(data)
        with open(os.path.join(options.out, name), "wb") as file:
            file.write(data)
        rows.append({**sources[source], "file": name})
    lines = ["\t".join(row.get(column, "") for column in COLUMNS) for row in sorted(rows, key=lambda row: row["file"])]
    with open(os.path.join(options.out, "sources.tsv"), "w", encoding="utf-8") as file:
        file.write("\n".join(["\t".join(COLUMNS), *lines]) + "\n")
    print(f"{len(rows)} of {len(paths)} pictures, {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
