"""Which pictures weights may be trained on that are free for any use, and whom their card has to name.

A folder of pictures has a `sources.tsv` (or, here, `sources/<folder>.tsv`) with a line for each: `file`, `title_author`, `licence`, `source`.

    python3 licences.py --card ../models/natural/card.json --data photos more-photos
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from typing import Dict, Iterable, List, Sequence

# Share-alike is not here, for weights may count as a work made from their pictures; nor is a licence that rests on a guess.
LICENCES = (
    "CC0",
    "public domain",
    "public domain (US government work)",
    "CC BY 2.0",
    "CC BY 2.5",
    "CC BY 3.0",
    "CC BY 4.0",
)

Row = Dict[str, str]


def read_sources(folder: str) -> Dict[str, Row]:
    """The lines of a folder's sources by the name of the file, without folders; empty where there is no list."""
    name = os.path.basename(os.path.normpath(folder))
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sources", f"{name}.tsv")
    path = next(filter(os.path.exists, [os.path.join(folder, "sources.tsv"), beside]), None)
    if path is None:
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        return {os.path.basename(row["file"]): row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)}


def all_sources(folders: Iterable[str]) -> Dict[str, Row]:
    return {name: row for folder in folders for name, row in read_sources(folder).items()}


def card_data(paths: Sequence[str], folders: Sequence[str]) -> List[Dict[str, object]]:
    """A card's `data`: an entry for each licence, with every picture's title, author and origin; empty where no folder has sources.

    Throws ValueError where a picture has no line or a licence that is not in `LICENCES`.
    """
    sources = all_sources(folders)
    if not sources:
        return []
    names = sorted(os.path.basename(path) for path in paths)
    problems = check(names, sources)
    if problems:
        raise ValueError("; ".join(problems[:4]))
    entries: List[Dict[str, object]] = []
    for licence in LICENCES:
        pictures = {
            name: f"{sources[name]['title_author'].strip()} ({sources[name]['source']})".strip()
            for name in names
            if sources[name]["licence"] == licence
        }
        if pictures:
            entries.append({"name": f"Photographs, {licence}", "images": len(pictures), "licence": licence, "pictures": pictures})
    return entries


def check(names: Iterable[str], sources: Dict[str, Row]) -> List[str]:
    """What is wrong, in words: pictures without a line, and pictures whose licence is not in `LICENCES`."""
    problems = []
    for name in names:
        row = sources.get(name)
        if row is None:
            problems.append(f"{name}: expected a line in sources.tsv, found none")
        elif row["licence"] not in LICENCES:
            problems.append(f"{name}: expected one of {', '.join(LICENCES)}, got {row['licence']}")
    return problems


def check_card(card: Dict[str, object], sources: Dict[str, Row]) -> List[str]:
    """What is wrong with a card's `data`, in words."""
    entries = card.get("data") or []
    problems = [] if entries else ["expected a card that names its pictures"]
    for entry in entries:
        pictures = entry.get("pictures", {})
        if not pictures or len(pictures) != entry.get("images"):
            problems.append(f"{entry['name']}: expected {entry.get('images')} pictures by name, got {len(pictures)}")
        problems += check(pictures, sources)
        for name in pictures:
            licence = sources.get(name, {}).get("licence")
            if licence in LICENCES and licence != entry.get("licence"):
                problems.append(f"{name}: expected {licence}, the card says {entry.get('licence')}")
    return problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", required=True, nargs="+", help="card.json of weights")
    parser.add_argument("--data", required=True, nargs="+", help="folders whose sources list the pictures")
    options = parser.parse_args()
    sources = all_sources(options.data)
    failed = False
    for path in options.card:
        with open(path, encoding="utf-8") as file:
            problems = check_card(json.load(file), sources)
        failed = failed or bool(problems)
        print("\n".join(f"{path}: {problem}" for problem in problems) or f"{path}: every picture has an allowed licence")
    raise SystemExit(1 if failed else 0)


if __name__ == "__main__":
    main()
