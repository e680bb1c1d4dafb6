"""Writes what the library loads: weights.safetensors (fp16 storage) and card.json; and reads a checkpoint or an export back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import Dict, Mapping, Optional

import numpy as np
import torch
from torch import nn

import safetensors_io
from autoencoder import ShuffleAutoencoder
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


def describe_weights(path: str) -> Dict[str, object]:
    """A card's `weights`: file, type, size and sha256."""
    tensors, _ = safetensors_io.load(path)
    dtypes = {str(tensor.dtype) for tensor in tensors.values()}
    return {
        "file": os.path.basename(path),
        "dtype": dtypes.pop() if len(dtypes) == 1 else "mixed",
        "parameters": int(sum(tensor.size for tensor in tensors.values())),
        "bytes": os.path.getsize(path),
        "sha256": sha256_of(path),
    }


def save_weights(path: str, architecture: Architecture, state: Mapping[str, torch.Tensor], dtype: str) -> None:
    tensors = {name: tensor.detach().cpu().float().numpy().astype(dtype) for name, tensor in state.items()}
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name}: expected finite weights in {dtype}")
    safetensors_io.save(path, tensors, {"architecture": json.dumps(architecture)})


def make_card(architecture: Architecture, weights_path: str, details: Mapping[str, object]) -> Dict[str, object]:
    """The card of a weights file; `details` adds name, licence, data, training, measured."""
    card: Dict[str, object] = {
        "name": details.get("name", "unnamed"),
        "description": details.get("description", "Noise-conditional denoiser for photographs of any size"),
        "licence": details.get("licence", "unknown"),
        "architecture": architecture,
        "preconditioning": {"type": "edm", "sigmaData": SIGMA_DATA, "sigmaMin": SIGMA_MIN, "sigmaMax": SIGMA_MAX},
        "image": {"channels": architecture["channels"], "range": [-1, 1], "colour": "sRGB"},
        "weights": describe_weights(weights_path),
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
    save_weights(path, architecture, state, dtype)
    card = make_card(architecture, path, details)
    write_json(os.path.join(folder, "card.json"), card)
    return card


def export_autoencoder(
    folder: str,
    architecture: Architecture,
    moments: Mapping[str, object],
    state: Mapping[str, torch.Tensor],
    details: Mapping[str, object],
    dtype: str = "float16",
) -> Dict[str, object]:
    """Writes `folder`/autoencoder.safetensors and `folder`/card.json; `moments`: mean and std of each latent channel."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "autoencoder.safetensors")
    save_weights(path, architecture, state, dtype)
    card: Dict[str, object] = {
        "name": details.get("name", "unnamed"),
        "description": details.get("description", "Autoencoder for photographs of any size"),
        "licence": details.get("licence", "unknown"),
        "image": {"channels": architecture["channels"], "range": [-1, 1], "colour": "sRGB"},
        "autoencoder": {
            "architecture": architecture,
            "latents": dict(moments),
            "weights": describe_weights(path),
        },
    }
    for key in ("data", "training", "measured"):
        if key in details:
            card[key] = details[key]
    write_json(os.path.join(folder, "card.json"), card)
    return card


def export_latent(
    folder: str,
    architecture: Architecture,
    sigma_data: float,
    state: Mapping[str, torch.Tensor],
    autoencoder_card: str,
    details: Mapping[str, object],
    dtype: str = "float16",
) -> Dict[str, object]:
    """Writes the denoiser, a copy of its autoencoder and their common card to `folder`."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "weights.safetensors")
    save_weights(path, architecture, state, dtype)
    source = read_card(autoencoder_card)
    entry = dict(source["autoencoder"])
    file = entry["weights"]["file"]
    shutil.copyfile(os.path.join(os.path.dirname(os.path.abspath(autoencoder_card)), file), os.path.join(folder, file))
    card = make_card(architecture, path, details)
    card["image"] = source["image"]
    card["preconditioning"] = {"type": "edm", "sigmaData": sigma_data, "sigmaMin": SIGMA_MIN, "sigmaMax": SIGMA_MAX}
    for key in ("data", "training", "measured"):
        if key in source:
            entry[key] = source[key]
    card["autoencoder"] = entry
    write_json(os.path.join(folder, "card.json"), card)
    return card


def load_autoencoder(card_path: str) -> nn.Module:
    """The autoencoder of a card with its weights, in float32, ready to evaluate. Checks the weights' sha256."""
    entry = read_card(card_path)["autoencoder"]
    path = os.path.join(os.path.dirname(os.path.abspath(card_path)), entry["weights"]["file"])
    network = ShuffleAutoencoder(entry["architecture"])
    return load_weights(network, path, entry["weights"]["sha256"])


def load_weights(network: nn.Module, path: str, sha256: str) -> nn.Module:
    if sha256_of(path) != sha256:
        raise ValueError(f"{path}: expected the sha256 {sha256} that its card names")
    tensors, _ = safetensors_io.load(path)
    network.load_state_dict({name: torch.from_numpy(np.array(t, dtype=np.float32)) for name, t in tensors.items()})
    return network.eval()


def read_card(path: str) -> Dict[str, object]:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def load_prior(card_path: str, weights_path: Optional[str] = None) -> nn.Module:
    """The network of a card with its weights, in float32, ready to evaluate. Checks the weights' sha256."""
    card = read_card(card_path)
    path = weights_path or os.path.join(os.path.dirname(os.path.abspath(card_path)), card["weights"]["file"])
    return load_weights(ShuffleUNet(card["architecture"]), path, card["weights"]["sha256"])
