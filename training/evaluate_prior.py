"""One-step denoising PSNR of a prior on a folder of pictures, with fixed noise.

    python3 evaluate_prior.py --card models/natural/card.json --images ../shared/data/eval/cbsd68
"""

from __future__ import annotations

import argparse
import json
import math
from typing import Dict, List, Sequence

import numpy as np
import torch
from torch import nn

from data import center_multiple, list_images
from export import load_prior
from model import denoise

DEFAULT_LEVELS = (5, 15, 25, 50, 75, 100)  # of 255, the unit in which denoisers are published


@torch.no_grad()
def denoising_psnr(
    network: nn.Module,
    images: Sequence[np.ndarray],
    sigmas: Sequence[float],
    seed: int = 0,
    device: str = "cpu",
    bf16: bool = False,
) -> List[float]:
    """Mean over the images of the PSNR of D(x + sigma noise, sigma), per sigma of the [-1, 1] scale; nothing is clipped.

    The noise of image i is the same for every network and every sigma.
    """
    totals = [0.0] * len(sigmas)
    for index, image in enumerate(images):
        clean = torch.from_numpy(image)[None]
        noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed * 1_000_003 + index))
        clean, noise = clean.to(device), noise.to(device)
        for k, sigma in enumerate(sigmas):
            noisy = (clean + sigma * noise).contiguous(memory_format=torch.channels_last)
            with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=bf16):
                estimate = denoise(network, noisy, torch.full((1,), sigma, device=device))
            error = (estimate - clean).double().square().mean().item()
            totals[k] += 10 * math.log10(4 / error)
    return [total / len(images) for total in totals]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", required=True, action="append", help="card.json of a prior; repeat to compare")
    parser.add_argument("--weights", action="append", help="weights file of each card (default: the one it names)")
    parser.add_argument("--images", required=True, help="folder of pictures")
    parser.add_argument("--levels", type=float, nargs="+", default=DEFAULT_LEVELS, help="noise levels, of 255")
    parser.add_argument("--sigmas", type=float, nargs="+", help="noise levels on the [-1, 1] scale, instead of --levels")
    parser.add_argument("--every", type=int, default=1, help="use every n-th picture")
    parser.add_argument("--crop", type=int, default=0, help="largest side of the centre crop; 0: whole pictures")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    sigmas = options.sigmas or [level * 2 / 255 for level in options.levels]
    for index, card in enumerate(options.card):
        network = load_prior(card, options.weights[index] if options.weights else None).to(options.device)
        multiple = 16  # the same crop for every network compared
        images = [center_multiple(path, multiple, options.crop) for path in list_images([options.images])[:: options.every]]
        values = denoising_psnr(network, images, sigmas, options.seed, options.device)
        result: Dict[str, object] = {"card": card, "images": len(images)}
        result["psnr"] = {f"{s if options.sigmas else s * 255 / 2:g}": round(v, 3) for s, v in zip(sigmas, values)}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
