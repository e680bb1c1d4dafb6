"""Makes the emoji set of train_text.py from two npm packages: pictures (Apache-2.0, Google's Noto) and names (MIT, Unicode CLDR).

    npm pack emoji-datasource-google@16.0.0 emojibase-data@17.0.0   # unpack each of them
    python3 prepare_emoji.py --pictures emoji-datasource-google/package --names emojibase-data/package \\
        --merges bpe_simple_vocab_16e6.txt.gz --out data/emoji

Writes emoji.webp (one sheet of 64x64 RGBA pictures), emoji.json (a name, words, aliases, keywords and place of each), held-out.json
(the combinations that are never trained on) and tokenizer/ (CLIP's byte-pair merges, those that the captions need).
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import unicodedata
from collections import Counter
from typing import Dict, List, Optional, Tuple

import numpy as np
from PIL import Image

from captions import BACKGROUND_RULE, BACKGROUNDS, all_texts, caption
from export import write_json
from tokenizer import Tokenizer, needed_merges

SIDE = 64
COLUMNS = 62
TONES = {"1F3FB": "light", "1F3FC": "medium-light", "1F3FD": "medium", "1F3FE": "medium-dark", "1F3FF": "dark"}
# What is held out beside every second person's one skin tone.
HELD_OUT_COLOURS = {"purple heart", "orange heart", "green circle", "brown circle", "blue square", "orange square", "blue book"}
HELD_OUT_HAIR = {("woman", "white hair"), ("man", "curly hair"), ("person", "red hair")}
HELD_OUT_ROLES = {
    "woman astronaut",
    "man firefighter",
    "woman cook",
    "man mechanic",
    "woman artist",
    "man scientist",
    "woman running",
    "man swimming",
}


def plain(text: str) -> str:
    """Lower-case words in ASCII letters where they have them, without the punctuation between a name and its attributes."""
    text = text.replace("’", "'").translate({ord(c): None for c in "“”\"()"})
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(text.lower().replace(":", " ").replace(",", " ").split())


def key(code: str) -> str:
    """A code point sequence without variation selectors."""
    return "-".join(part for part in code.upper().split("-") if part != "FE0F")


def emojibase(folder: str) -> Dict[str, Dict[str, object]]:
    with open(os.path.join(folder, "en", "data.json"), encoding="utf-8") as file:
        entries = json.load(file)
    return {key(e["hexcode"]): e for base in entries for e in [base, *base.get("skins", [])]}


def attributes(label: str) -> Tuple[str, List[str]]:
    """`man: light skin tone, red hair` as `man` and its attributes."""
    name, _, rest = label.partition(":")
    return plain(name), [plain(word) for word in rest.split(",") if plain(word)]


def held_out(name: str, words: List[str], tones: List[str], person: int) -> Optional[str]:
    """Which kind of held-out combination a picture is, if it is one."""
    hair = [word for word in words if word.endswith("hair")]
    if any((name, word) in HELD_OUT_HAIR for word in hair):
        return "hair"
    if name in HELD_OUT_ROLES:
        return "role"
    if name in HELD_OUT_COLOURS:
        return "colour"
    if len(tones) == 1 and person % 2 == 0 and list(TONES.values()).index(tones[0]) == person // 2 % len(TONES):
        return "tone"
    return None


def weight(category: str, tones: List[str]) -> float:
    """How often a picture is drawn: pairs of tones and flags are many and alike."""
    if len(tones) > 1:
        return 0.3
    if tones:
        return 0.75
    return 0.4 if category == "flags" else 1.5


def read(pictures: str, names: str) -> List[Dict[str, object]]:
    """One entry per picture, each with its place on the package's own sheet."""
    with open(os.path.join(pictures, "emoji.json"), encoding="utf-8") as file:
        bases = sorted((e for e in json.load(file) if e["has_img_google"]), key=lambda e: e["sort_order"])
    labels = emojibase(names)
    entries: List[Dict[str, object]] = []
    person = 0
    for base in bases:
        variants = [("", base), *base.get("skin_variations", {}).items()]
        known = labels.get(key(base["unified"]), {})
        category, subcategory = plain(base["category"]), plain(base["subcategory"].replace("-", " "))
        for codes, variant in variants:
            if not variant["has_img_google"]:
                continue
            tones = [TONES[code] for code in codes.split("-") if code]
            own = labels.get(key(variant["unified"]))
            if own:
                name, words = attributes(own["label"])
            else:
                name, words = attributes(known.get("label", base["name"]))
                words += [f"{tone} skin tone" for tone in tones]
            alias = plain(base["short_name"].replace("_", " ").replace("-", " "))
            entry: Dict[str, object] = {
                "code": variant["unified"],
                "name": name,
                "words": words,
                # Short names of flags are bare country codes.
                "aliases": [alias] if alias != name and category != "flags" else [],
                "keywords": sorted({plain(tag) for tag in known.get("tags", [])} - {name, ""}),
                "category": category,
                "subcategory": subcategory,
                "weight": weight(category, tones),
                "sheet": [variant["sheet_x"], variant["sheet_y"]],
            }
            kind = held_out(name, words, tones, person)
            if kind:
                entry["heldOut"] = kind
            entries.append(entry)
        if len(base.get("skin_variations", {})) == len(TONES):
            person += 1
    names = {entry["name"] for entry in entries}
    for entry in entries:
        entry["aliases"] = [alias for alias in entry["aliases"] if alias not in names]
    return entries


def sheet(pictures: str, entries: List[Dict[str, object]]) -> Image.Image:
    """The entries' pictures in their order, without the package's gaps."""
    image = Image.open(os.path.join(pictures, "img", "google", "sheets", f"{SIDE}.png")).convert("RGBA")
    source = np.asarray(image)
    rows = -(-len(entries) // COLUMNS)
    out = np.zeros((rows * SIDE, COLUMNS * SIDE, 4), np.uint8)
    for index, entry in enumerate(entries):
        x, y = (place * (SIDE + 2) + 1 for place in entry["sheet"])
        row, column = (place * SIDE for place in divmod(index, COLUMNS))
        out[row : row + SIDE, column : column + SIDE] = source[y : y + SIDE, x : x + SIDE]
    out[out[..., 3] == 0] = 0
    return Image.fromarray(out)


def merges(path: str) -> List[str]:
    """CLIP's merges: lines 1 to 48894 of its file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return file.read().split("\n")[1 : 49152 - 256 - 2 + 1]


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--pictures", required=True, help="folder of the unpacked npm package emoji-datasource-google")
    add("--names", required=True, help="folder of the unpacked npm package emojibase-data")
    add("--merges", required=True, help="CLIP's bpe_simple_vocab_16e6.txt.gz")
    add("--out", required=True)
    options = parser.parse_args(arguments)
    os.makedirs(options.out, exist_ok=True)
    entries = read(options.pictures, options.names)
    sheet(options.pictures, entries).save(os.path.join(options.out, "emoji.webp"), lossless=True, quality=100, method=5)
    for entry in entries:
        del entry["sheet"]
    write_json(os.path.join(options.out, "emoji.json"), {"side": SIDE, "columns": COLUMNS, "entries": entries})
    write_json(os.path.join(options.out, "held-out.json"), held_out_list(entries))
    Tokenizer(needed_merges(merges(options.merges), all_texts(entries))).save(os.path.join(options.out, "tokenizer"))
    kinds = Counter(entry.get("heldOut", "trained on") for entry in entries)
    print(f"{len(entries)} pictures: {dict(kinds)}", flush=True)


def held_out_list(entries: List[Dict[str, object]]) -> Dict[str, object]:
    """What experiments need: the held-out pictures with their captions and kinds, and the rule for backgrounds."""
    pictures = [
        {"index": index, "code": entry["code"], "caption": caption(entry), "kind": entry["heldOut"]}
        for index, entry in enumerate(entries)
        if "heldOut" in entry
    ]
    return {"pictures": pictures, "backgrounds": {"colours": BACKGROUNDS, "rule": BACKGROUND_RULE}}


if __name__ == "__main__":
    main()
