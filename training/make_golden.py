"""Makes a tiny prior with known outputs, which tests of the library load: weights, card and golden tensors.

    python3 make_golden.py --out ../test/priors/golden/tiny-prior
    python3 make_golden.py --out ../test/priors/golden/tiny-detail --detail
"""

from __future__ import annotations

import argparse
import os
from typing import Dict

import numpy as np
import torch

import safetensors_io
from export import export_prior, load_prior
from model import ShuffleUNet, denoise, shuffle_unet_architecture

# One case per noise level and shape: a square, a non-square, a batch of two, and one block of the smallest size.
CASES = ((1, 16, 16, 0.2), (1, 24, 16, 5.0), (2, 8, 16, 0.01), (1, 8, 8, 80.0))


def golden(network: ShuffleUNet, seed: int) -> Dict[str, np.ndarray]:
    """x{i}, sigma{i}, denoised{i} = D(x, sigma), v{i}, vjp{i} = J(x)^T v: computed in float64, stored in float32."""
    network = network.double()
    random = torch.Generator().manual_seed(seed)
    tensors: Dict[str, np.ndarray] = {}
    for index, (count, height, width, level) in enumerate(CASES):
        shape = (count, 3, height, width)
        clean = torch.rand(shape, generator=random) * 2 - 1
        # Rounded to float32 before the float64 evaluation, so that both sides see the same numbers.
        x = (clean + level * torch.randn(shape, generator=random)).float().double().requires_grad_()
        v = torch.randn(shape, generator=random).double()
        sigma = torch.full((count,), level, dtype=torch.float32)
        denoised = denoise_double(network, x, sigma.double())
        (vjp,) = torch.autograd.grad(denoised, x, v)
        for name, tensor in (("x", x), ("sigma", sigma), ("denoised", denoised), ("v", v), ("vjp", vjp)):
            tensors[f"{name}{index}"] = tensor.detach().float().numpy()
    return tensors


def denoise_double(network: ShuffleUNet, x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """`model.denoise` without its rounding to float32."""
    total = sigma**2 + 0.25
    c_skip, c_out, c_in = (c[:, None, None, None] for c in (0.25 / total, sigma * 0.5 / total.sqrt(), 1 / total.sqrt()))
    return c_skip * x + c_out * network(c_in * x, sigma.log() / 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--detail", action="store_true", help="with a detail path")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    detail = {"width": 12, "depth": 2, "lowPass": 2} if options.detail else None
    architecture = shuffle_unet_architecture([8, 12, 16], [1, 2, 1], [8, 4], detail=detail)
    network = ShuffleUNet(architecture)
    for name, parameter in network.named_parameters():
        if any(part in name for part in ("conv2", "context", "detail.head")):  # they start at zero, where a wrong block would go unnoticed
            torch.nn.init.normal_(parameter, std=0.1)
    details = {"name": "tiny-prior", "description": "Random weights, for tests alone", "licence": "MIT"}
    export_prior(options.out, architecture, network.state_dict(), details)
    # Golden outputs belong to the fp16 weights as stored.
    stored = load_prior(os.path.join(options.out, "card.json"))
    tensors = golden(stored, options.seed)
    check = denoise(stored.float(), torch.from_numpy(tensors["x1"]), torch.from_numpy(tensors["sigma1"]))
    worst = float((check - torch.from_numpy(tensors["denoised1"])).abs().max())
    assert worst < 1e-4, f"float32 and float64 disagree by {worst}"
    note = "denoised = D(x, sigma); vjp = J^T v; computed in float64 from the stored fp16 weights"
    safetensors_io.save(os.path.join(options.out, "golden.safetensors"), tensors, {"note": note})


if __name__ == "__main__":
    main()
