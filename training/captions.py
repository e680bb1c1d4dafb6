"""Captions of the emoji set: a name with its attributes, perhaps a plain background, perhaps keywords."""

from __future__ import annotations

from random import Random
from typing import Dict, List, Mapping, Tuple, TypeVar

Indices = TypeVar("Indices")  # an array or a tensor of whole numbers

# Plain backgrounds in sRGB; the first is there when a caption does not name one.
BACKGROUNDS: Dict[str, Tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "red": (229, 57, 53),
    "orange": (251, 140, 0),
    "yellow": (253, 216, 53),
    "green": (67, 160, 71),
    "light blue": (129, 212, 250),
    "blue": (30, 136, 229),
    "purple": (142, 36, 170),
    "pink": (240, 98, 146),
    "brown": (121, 85, 72),
    "grey": (158, 158, 158),
    "black": (0, 0, 0),
}
BACKGROUND_RULE = "picture i on colour c (c > 0, in the order given) is never trained on where (7 i + 3 c) % 10 == 0"
NAMED_WHITE = 0.15
TAIL_WORDS = 3


def held_out_background(index: Indices, colour: Indices) -> Indices:
    """`BACKGROUND_RULE`, of each pair."""
    return (colour > 0) & ((7 * index + 3 * colour) % 10 == 0)


def caption(entry: Mapping[str, object]) -> str:
    """The plainest caption: `thumbs up light skin tone`."""
    return " ".join([entry["name"], *entry["words"]])


def background_phrase(colour: str) -> str:
    return f"on {colour}"


def heads(entry: Mapping[str, object]) -> List[Tuple[str, float]]:
    """Ways to name a picture, with how often each is used."""
    names = [(entry["name"], 0.88), *((alias, 0.12) for alias in entry["aliases"])]
    words: List[str] = entry["words"]
    body = any(word.endswith(("skin tone", "hair", "beard", "bald")) for word in words)
    found: List[Tuple[str, float]] = []
    for name, often in names:
        found.append((" ".join([name, *words]), 0.7 * often))
        if words:
            found.append((" ".join([*words, name]), 0.15 * often))
            found.append((f"{name} with {' and '.join(words)}" if body else " ".join([name, *words]), 0.15 * often))
    return found


def all_texts(entries: List[Mapping[str, object]]) -> List[str]:
    """Every text that a caption is made of."""
    texts = [f"{background_phrase(colour)} ," for colour in BACKGROUNDS]
    for entry in entries:
        texts += [head for head, _ in heads(entry)]
        texts += [*entry["keywords"], entry["category"], entry["subcategory"]]
    return texts


def draw(entry: Mapping[str, object], random: Random, count: int) -> List[Tuple[str, str]]:
    """Random heads and tails (`, keyword, category`); the background goes between them."""
    names, often = zip(*heads(entry))
    found: List[Tuple[str, str]] = []
    for head in random.choices(names, often, k=count):
        words: List[str] = []
        if random.random() < 0.4:
            words += random.sample(entry["keywords"], min(len(entry["keywords"]), random.randint(1, TAIL_WORDS)))
        if random.random() < 0.15:
            words.append(entry[random.choice(("category", "subcategory"))])
        random.shuffle(words)
        found.append((head, "".join(f", {word}" for word in words)))
    return found
