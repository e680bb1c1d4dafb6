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

from data import DEFAULT_SCALES, CropSource, ResidentCrops, center_multiple, list_images
from evaluate_prior import denoising_psnr
from export import export_prior, save_weights
from ffdnet import detail_weights
from licences import card_data
from model import SIGMA_DATA, ShuffleUNet, edm_loss, shuffle_unet_architecture
from noise import add_noise_arguments, describe_noise, noise_levels
from trainer import Training, add_training_arguments, run

PRESETS: Dict[str, Dict[str, Any]] = {
    "natural": {"widths": [64, 128, 160, 160], "blocks": [3, 3, 2, 2], "embedding": [64, 8]},
    "natural-small": {"widths": [32, 64, 128], "blocks": [2, 2, 4], "embedding": [64, 8]},
    "natural-detail": {"widths": [48, 96, 160], "blocks": [2, 2, 4], "embedding": [64, 8], "detail": {"width": 96, "depth": 10, "lowPass": 3}},
    "tiny": {"widths": [8, 16], "blocks": [1, 1], "embedding": [8, 4]},
}
VALIDATION_SIGMAS = (0.0392, 0.1176, 0.1961, 0.3922, 0.7843, 2.0, 10.0)  # the first five: 5, 15, 25, 50, 100 of 255
SECOND = "weights-second.safetensors"


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
    add("--balance", action="store_true", help="weigh noise levels so that each has about the same part of the loss")
    return parser.parse_args(arguments)


def level_weights(sigma: Tensor) -> Tensor:
    """2 / (sqrt(sigma / sigma_data) + sqrt(sigma_data / sigma)): about what EDM's loss of a trained network is to be multiplied with.

    That loss is least in mid noise and grows like these square roots to both sides; EDM2 (Karras et al. 2024, eq. 21) learns the weights.
    """
    root = (sigma / SIGMA_DATA).sqrt()
    return 2 / (root + 1 / root)


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
        self.paths = list_images(options.data)
        self.data = card_data(self.paths, options.data)
        self.crops = ResidentCrops(CropSource(self.paths, options.patch, options.scales, options.short_side), self.device)
        paths = list_images(options.validation) if options.validation else []
        self.images = [center_multiple(path, multiple, 256) for path in paths]

    def build(self) -> nn.Module:
        return ShuffleUNet(self.architecture)

    def initial_weights(self) -> List[Dict[str, Any]]:
        detail = self.options.detail_init
        return super().initial_weights() + ([detail_weights(detail)] if detail else [])

    def batch(self, random: torch.Generator) -> Tuple[Tensor, ...]:
        sigma = noise_levels(self.options, random, self.options.batch)
        if self.device.type == "cuda":  # a copy from pageable memory would wait for all work before it
            sigma = sigma.pin_memory()
        sigma = sigma.to(self.device, non_blocking=True)
        random = self.device_random(random)
        clean = self.crops.batch(random, self.options.batch).permute(0, 3, 1, 2).float() / 127.5 - 1
        noise = torch.randn(clean.shape, generator=random, device=self.device)
        return clean, sigma, noise

    def loss(self, *parts: Tensor) -> Tensor:
        clean, sigma, noise = parts
        # The U-Net must answer well by itself too: coarse structure is its own, and little else of its answer reaches the loss in mid noise.
        options = {"both": True} if "detail" in self.architecture else {}
        losses = edm_loss(self.forward, clean, sigma, noise, **options)
        return (losses * level_weights(sigma)).sum() if self.options.balance else losses.sum()

    def validate(self) -> Optional[Dict[str, object]]:
        if not self.images:
            return None
        bf16 = self.options.precision == "bf16"

        def measure(network: nn.Module) -> Dict[str, float]:
            values = denoising_psnr(network, self.images, VALIDATION_SIGMAS, 0, str(self.device), bf16)
            return {f"{sigma:g}": round(value, 3) for sigma, value in zip(VALIDATION_SIGMAS, values)}

        network = self.averaged_network()
        measured: Dict[str, object] = {"psnr": measure(network)}
        if self.second:
            network.load_state_dict(self.second)
            measured["secondPsnr"] = measure(network)
        return measured

    def export(self, measured: Optional[Dict[str, object]]) -> None:
        details = self.details()
        details["training"]["lnSigma"] = describe_noise(self.options)
        details["training"]["balanced"] = self.options.balance
        if self.data:
            details["data"] = self.data
        if self.options.detail_init:
            details["training"]["detailStartedFrom"] = os.path.basename(self.options.detail_init)
        if measured:
            details["measured"] = {"validationPsnr": measured["psnr"]}
        folder = os.path.join(self.options.out, "export")
        export_prior(folder, self.architecture, self.result(), details)
        if self.second:
            save_weights(os.path.join(folder, SECOND), self.architecture, self.second, "float16")


def main(arguments: Optional[List[str]] = None) -> None:
    options = parse_arguments(arguments)
    torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    run(Trainer(options))


if __name__ == "__main__":
    main()
