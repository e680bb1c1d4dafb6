"""Writes the card of weights that exist already.

    python3 write_card.py --weights natural-v0/weights.safetensors --widths 48 96 160 --blocks 2 2 4 --details details.json --out card.json
"""

from __future__ import annotations

import argparse
import json

import safetensors_io
from export import make_card, write_json
from model import ShuffleUNet, shuffle_unet_architecture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--widths", type=int, nargs="+", required=True)
    parser.add_argument("--blocks", type=int, nargs="+", required=True)
    parser.add_argument("--embedding", type=int, nargs=2, default=[64, 8])
    parser.add_argument("--details", required=True, help="JSON file with name, description, licence, data, training, measured")
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    architecture = shuffle_unet_architecture(options.widths, options.blocks, options.embedding)
    tensors, _ = safetensors_io.load(options.weights)
    expected = {name: tuple(tensor.shape) for name, tensor in ShuffleUNet(architecture).state_dict().items()}
    if {name: tensor.shape for name, tensor in tensors.items()} != expected:
        raise ValueError(f"{options.weights}: the tensors are not those of {architecture}")
    with open(options.details, encoding="utf-8") as file:
        details = json.load(file)
    write_json(options.out, make_card(architecture, options.weights, details))


if __name__ == "__main__":
    main()
