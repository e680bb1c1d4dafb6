"""Trains the pixel prior on folders of pictures and exports it for the library.

    python3 train_prior.py --data photos --out runs/mine --iterations 30000 --threads 2

The run can be killed at any time and goes on with the same command: one checkpoint holds the weights, the average, the optimizer and
the iteration, and all randomness is a function of (seed, iteration).
"""

from __future__ import annotations

import argparse
import os
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn

from data import DEFAULT_SCALES, CropSource, Prefetch, center_multiple, list_images
from evaluate_prior import denoising_psnr
from export import export_prior
from ffdnet import detail_weights
from model import ShuffleUNet, edm_loss, shuffle_unet_architecture
from noise import add_noise_arguments, describe_noise, noise_levels
from trainer import Training, add_training_arguments, run

PRESETS: Dict[str, Dict[str, Any]] = {
    "natural": {"widths": [48, 96, 160], "blocks": [2, 2, 4], "embedding": [64, 8], "detail": {"width": 96, "depth": 10, "lowPass": 3}},
    "natural-small": {"widths": [48, 96, 160], "blocks": [2, 2, 4], "embedding": [64, 8]},
    "tiny": {"widths": [8, 16], "blocks": [1, 1], "embedding": [8, 4]},
}
VALIDATION_SIGMAS = (0.0392, 0.1176, 0.1961, 0.3922, 0.7843, 2.0, 10.0)  # the first five: 5, 15, 25, 50, 100 of 255


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_training_arguments(parser, patch=96)
    add_noise_arguments(parser, mean=-1.6, std=1.5)
    add = parser.add_argument
    add("--preset", choices=sorted(PRESETS), default="natural", help="architecture")
    add("--widths", type=int, nargs="+", help="channels per level, instead of the preset's")
    add("--blocks", type=int, nargs="+", help="residual blocks per level, instead of the preset's")
    add("--detail-init", help="FFDNet's weights for colour pictures (safetensors), to start the detail path from")
    add("--scales", type=float, nargs="+", default=list(DEFAULT_SCALES), help="scales at which pictures are cropped")
    add("--short-side", type=int, default=0, help="bring larger pictures to this short side first; 0: as they are")
    return parser.parse_args(arguments)


class Trainer(Training):
    def __init__(self, options: argparse.Namespace) -> None:
        preset = PRESETS[options.preset]
        architecture = shuffle_unet_architecture(
            options.widths or preset["widths"],
            options.blocks or preset["blocks"],
            preset["embedding"],
            detail=preset.get("detail"),
        )
        multiple = int(architecture["multiple"])
        if options.patch % multiple:
            raise ValueError(f"expected --patch to be a multiple of {multiple}, got {options.patch}")
        super().__init__(options, architecture)
        source = CropSource(list_images(options.data), options.patch, options.scales, options.short_side)
        self.batches = Prefetch(source, options.seed, options.batch)
        paths = list_images(options.validation) if options.validation else []
        self.images = [center_multiple(path, multiple, 256) for path in paths]

    def build(self) -> nn.Module:
        return ShuffleUNet(self.architecture)

    def initial_weights(self) -> List[Dict[str, Any]]:
        detail = self.options.detail_init
        return super().initial_weights() + ([detail_weights(detail)] if detail else [])

    def batch(self, random: torch.Generator) -> Tuple[Tensor, ...]:
        sigma = noise_levels(self.options, random, self.options.batch).to(self.device)
        clean = self.pixels(self.batches.get(self.iteration))
        noise = torch.randn(clean.shape, generator=self.device_random(random), device=self.device)
        return clean, sigma, noise

    def loss(self, *parts: Tensor) -> Tensor:
        clean, sigma, noise = parts
        # The U-Net must answer well by itself too: coarse structure is its own, and little else of its answer reaches the loss in mid noise.
        return edm_loss(self.forward, clean, sigma, noise, both="detail" in self.architecture).sum()

    def validate(self) -> Optional[Dict[str, object]]:
        if not self.images:
            return None
        bf16 = self.options.precision == "bf16"
        values = denoising_psnr(self.averaged_network(), self.images, VALIDATION_SIGMAS, 0, str(self.device), bf16)
        return {"psnr": {f"{sigma:g}": round(value, 3) for sigma, value in zip(VALIDATION_SIGMAS, values)}}

    def export(self, measured: Optional[Dict[str, object]]) -> None:
        details = self.details()
        details["training"]["lnSigma"] = describe_noise(self.options)
        if self.options.detail_init:
            details["training"]["detailStartedFrom"] = os.path.basename(self.options.detail_init)
        if measured:
            details["measured"] = {"validationPsnr": measured["psnr"]}
        export_prior(os.path.join(self.options.out, "export"), self.architecture, self.result(), details)


def main(arguments: Optional[List[str]] = None) -> None:
    options = parse_arguments(arguments)
    torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    run(Trainer(options))


if __name__ == "__main__":
    main()
