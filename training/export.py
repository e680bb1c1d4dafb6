"""Writes what the library loads: weights.safetensors (fp16 storage) and card.json; and reads a checkpoint or an export back."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Dict, Mapping, Optional

import numpy as np
import torch
from torch import nn

import safetensors_io
from model import SIGMA_DATA, Architecture, ShuffleUNet

SIGMA_MIN, SIGMA_MAX = 0.002, 80.0


def sha256_of(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def write_json(path: str, value: object) -> None:
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")
    os.replace(path + ".tmp", path)


def make_card(architecture: Architecture, weights_path: str, details: Mapping[str, object]) -> Dict[str, object]:
    """The card of a weights file; `details` adds name, licence, data, training, measured."""
    tensors, _ = safetensors_io.load(weights_path)
    dtypes = {str(tensor.dtype) for tensor in tensors.values()}
    card: Dict[str, object] = {
        "name": details.get("name", "unnamed"),
        "description": details.get("description", "Noise-conditional denoiser for photographs of any size"),
        "licence": details.get("licence", "unknown"),
        "architecture": architecture,
        "preconditioning": {"type": "edm", "sigmaData": SIGMA_DATA, "sigmaMin": SIGMA_MIN, "sigmaMax": SIGMA_MAX},
        "image": {"channels": architecture["channels"], "range": [-1, 1], "colour": "sRGB"},
        "weights": {
            "file": os.path.basename(weights_path),
            "dtype": dtypes.pop() if len(dtypes) == 1 else "mixed",
            "parameters": int(sum(tensor.size for tensor in tensors.values())),
            "bytes": os.path.getsize(weights_path),
            "sha256": sha256_of(weights_path),
        },
    }
    for key in ("data", "training", "measured"):
        if key in details:
            card[key] = details[key]
    return card


def export_prior(
    folder: str,
    architecture: Architecture,
    state: Mapping[str, torch.Tensor],
    details: Mapping[str, object],
    dtype: str = "float16",
) -> Dict[str, object]:
    """Writes `folder`/weights.safetensors and `folder`/card.json; returns the card."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "weights.safetensors")
    tensors = {name: tensor.detach().cpu().float().numpy().astype(dtype) for name, tensor in state.items()}
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name}: expected finite weights in {dtype}")
    safetensors_io.save(path, tensors, {"architecture": json.dumps(architecture)})
    card = make_card(architecture, path, details)
    write_json(os.path.join(folder, "card.json"), card)
    return card


def read_card(path: str) -> Dict[str, object]:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def load_prior(card_path: str, weights_path: Optional[str] = None) -> nn.Module:
    """The network of a card with its weights, in float32, ready to evaluate. Checks the weights' sha256."""
    card = read_card(card_path)
    path = weights_path or os.path.join(os.path.dirname(os.path.abspath(card_path)), card["weights"]["file"])
    if sha256_of(path) != card["weights"]["sha256"]:
        raise ValueError(f"{path}: expected the sha256 {card['weights']['sha256']} that its card names")
    network = ShuffleUNet(card["architecture"])
    tensors, _ = safetensors_io.load(path)
    network.load_state_dict({name: torch.from_numpy(np.array(t, dtype=np.float32)) for name, t in tensors.items()})
    return network.eval()
