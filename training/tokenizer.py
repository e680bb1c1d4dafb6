"""CLIP's byte-pair tokenizer (Radford et al. 2021) on any list of merges, in the files that transformers' CLIPTokenizer reads."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from typing import Dict, Iterable, List, Set, Tuple

from export import write_json

START, END = "<|startoftext|>", "<|endoftext|>"
# CLIP splits by \p{L} and \p{N}; these are their nearest in the standard library.
PIECES = re.compile(r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[^\W\d_]+|\d|(?:[^\s\w]|_)+")


def byte_characters() -> Dict[int, str]:
    """A printable character for each byte, in the order of the vocabulary."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{b: chr(b) for b in printable}, **{b: chr(256 + i) for i, b in enumerate(others)}}


class Tokenizer:
    """The vocabulary follows from the merges: bytes, bytes that end a word, one entry per merge, start, end.

    With a part of CLIP's merges in their order, words whose merges are all there are cut as CLIP cuts them.
    """

    def __init__(self, merges: List[str], length: int = 32) -> None:
        self.length = length
        self.merges = merges
        self.characters = byte_characters()
        letters = list(self.characters.values())
        joined = [merge.replace(" ", "") for merge in merges]
        vocabulary = [*letters, *(letter + "</w>" for letter in letters), *joined, START, END]
        self.ids = {token: index for index, token in enumerate(vocabulary)}
        self.ranks: Dict[Tuple[str, str], int] = {tuple(merge.split(" ")): rank for rank, merge in enumerate(merges)}
        self.cache: Dict[str, List[str]] = {}

    @property
    def size(self) -> int:
        return len(self.ids)

    def pieces(self, word: str) -> List[str]:
        """The tokens of a word."""
        if word in self.cache:
            return self.cache[word]
        parts = [self.characters[byte] for byte in word.encode("utf-8")]
        parts[-1] += "</w>"
        while len(parts) > 1:
            pairs = list(zip(parts, parts[1:]))
            best = min(pairs, key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if best not in self.ranks:
                break
            merged: List[str] = []
            for part in parts:
                # After a merge the last token is longer than the pair's first and takes no second part.
                if merged and (merged[-1], part) == best:
                    merged[-1] += part
                else:
                    merged.append(part)
            parts = merged
        self.cache[word] = parts
        return parts

    def tokens(self, text: str) -> List[str]:
        text = " ".join(unicodedata.normalize("NFC", text).split()).lower()
        found: List[str] = []
        for word in PIECES.findall(text):
            found += [word] if word in (START, END) else self.pieces(word)
        return found

    def encode(self, text: str) -> List[int]:
        """Ids without start and end."""
        return [self.ids[token] for token in self.tokens(text)]

    def __call__(self, text: str) -> List[int]:
        """`length` ids: start, the text cut where it is too long, end and as many ends as are needed to fill up."""
        ids = [self.ids[START], *self.encode(text)][: self.length - 1]
        return ids + [self.ids[END]] * (self.length - len(ids))

    def save(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as file:
            json.dump(self.ids, file, ensure_ascii=False)
        with open(os.path.join(folder, "merges.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join(["#version: 0.2", *self.merges, ""]))
        config = {
            "tokenizer_class": "CLIPTokenizer",
            "model_max_length": self.length,
            "do_lower_case": True,
            "add_prefix_space": False,
            "bos_token": START,
            "eos_token": END,
            "pad_token": END,
            "unk_token": END,
        }
        write_json(os.path.join(folder, "tokenizer_config.json"), config)
        write_json(os.path.join(folder, "special_tokens_map.json"), {k: v for k, v in config.items() if k.endswith("_token")})


def load_tokenizer(folder: str) -> Tokenizer:
    with open(os.path.join(folder, "merges.txt"), encoding="utf-8") as file:
        merges = [line for line in file.read().split("\n")[1:] if line]
    with open(os.path.join(folder, "tokenizer_config.json"), encoding="utf-8") as file:
        return Tokenizer(merges, json.load(file)["model_max_length"])


def needed_merges(merges: List[str], texts: Iterable[str]) -> List[str]:
    """Those of the merges that the texts' tokens are built with, in their order."""
    whole = Tokenizer(merges)
    rank_of = {merge.replace(" ", ""): rank for rank, merge in reversed(list(enumerate(merges)))}
    needed: Set[int] = set()
    waiting = {token for text in texts for token in whole.tokens(text)}
    while waiting:
        token = waiting.pop()
        rank = rank_of.get(token)
        if rank is None or rank in needed:
            continue
        needed.add(rank)
        waiting |= set(merges[rank].split(" "))
    return [merges[rank] for rank in sorted(needed)]
