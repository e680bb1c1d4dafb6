"""FFDNet's published weights (Zhang, Zuo, Zhang 2018; KAIR's ffdnet_color) as the start of a detail path."""

from __future__ import annotations

from typing import Dict, List

import numpy as np

import safetensors_io


def detail_weights(path: str) -> Dict[str, np.ndarray]:
    """Tensors of `DetailPath`, of a file whose tensors are `model.0`, `model.2`, ...: convolutions with a ReLU between."""
    weights, _ = safetensors_io.load(path)
    layers = sorted({int(name.split(".")[1]) for name in weights})
    names: List[str] = ["stem", *(f"body.{index}" for index in range(len(layers) - 2)), "head"]
    return {
        f"detail.{name}.{part}": np.array(weights[f"model.{layer}.{part}"])
        for name, layer in zip(names, layers)
        for part in ("weight", "bias")
    }
