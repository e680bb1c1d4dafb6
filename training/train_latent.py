"""Trains a denoiser in the latent space of an autoencoder of train_autoencoder.py and exports the pair for the library.

    python3 train_latent.py --autoencoder runs/autoencoder/export/card.json --data photos --out runs/latent --iterations 30000

Latents are normalised to zero mean and unit variance per channel (the card's `latents`), the denoiser has EDM's preconditioning with
sigma_data = 1 (Karras et al. 2022). Crops are encoded as they come, so that no crop is ever seen twice. Like every recipe here the run
can be killed at any time and goes on with the same command.
"""

from __future__ import annotations

import argparse
import math
import os
from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn

from autoencoder import ShuffleAutoencoder
from data import DEFAULT_SCALES, Prefetch, center_multiple, list_images, open_source
from export import export_latent, load_autoencoder, read_card
from model import Architecture, ShuffleUNet, denoise, edm_loss, shuffle_unet_architecture
from noise import add_noise_arguments, describe_noise, noise_levels
from stable_diffusion import ConditionalUNet, conditional_unet_architecture
from trainer import Training, add_training_arguments, run

SIGMA_DATA = 1.0  # of normalised latents
PRESETS: Dict[str, Dict[str, List[int]]] = {
    "natural": {"widths": [96, 160, 224], "blocks": [2, 2, 3], "embedding": [64, 8]},
    "tiny": {"widths": [8, 16], "blocks": [1, 1], "embedding": [8, 4]},
}
# U-Nets with attention, for small pictures of one kind: 16x16 latents of 64x64 faces.
ATTENTION_PRESETS: Dict[str, Dict[str, object]] = {
    "faces": {"widths": [96, 192], "layers": 2, "attention": [True, True], "heads": 4, "groups": 16},
    "tiny-attention": {"widths": [8, 16], "layers": 1, "attention": [False, True], "heads": 2, "groups": 4},
}
VALIDATION_SIGMAS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_training_arguments(parser, patch=128)
    add_noise_arguments(parser, mean=-0.6, std=1.5)
    add = parser.add_argument
    add("--autoencoder", required=True, help="card.json of an exported autoencoder")
    add("--preset", choices=sorted({**PRESETS, **ATTENTION_PRESETS}), default="natural", help="architecture")
    add("--widths", type=int, nargs="+", help="channels per level, instead of the preset's")
    add("--blocks", type=int, nargs="+", help="residual blocks per level, instead of the preset's")
    add("--tile", type=int, default=0, help="side of a tile where the pictures are sheets of tiles (faces)")
    add("--scales", type=float, nargs="+", default=list(DEFAULT_SCALES), help="scales at which pictures are cropped")
    return parser.parse_args(arguments)


class LatentSpace:
    """A frozen autoencoder and the normalisation of its latents."""

    def __init__(self, card_path: str, device: torch.device) -> None:
        entry = read_card(card_path)["autoencoder"]
        self.architecture: Architecture = entry["architecture"]
        self.factor = int(self.architecture["factor"])
        self.channels = int(self.architecture["latents"])
        network = load_autoencoder(card_path).to(device).to(memory_format=torch.channels_last)
        self.network: ShuffleAutoencoder = network.requires_grad_(False)
        self.mean, self.std = (torch.tensor(entry["latents"][k], device=device)[:, None, None] for k in ("mean", "std"))

    @torch.no_grad()
    def encode(self, x: Tensor, noise: Optional[Tensor] = None) -> Tensor:
        """Normalised latents of pictures: the mean of q(z|x), or a sample with the given noise."""
        mean, log_variance = self.network.encode(x.contiguous(memory_format=torch.channels_last))
        z = mean if noise is None else mean + (0.5 * log_variance).exp() * noise
        return (z - self.mean) / self.std

    @torch.no_grad()
    def decode(self, z: Tensor) -> Tensor:
        return self.network.decode((z * self.std + self.mean).contiguous(memory_format=torch.channels_last))


def denoiser_architecture(options: argparse.Namespace, channels: int) -> Architecture:
    if options.preset in ATTENTION_PRESETS:
        if options.widths or options.blocks:
            raise ValueError(f"--widths and --blocks are for {', '.join(PRESETS)}, not for {options.preset}")
        return conditional_unet_architecture(channels, **ATTENTION_PRESETS[options.preset])
    preset = PRESETS[options.preset]
    widths, blocks = options.widths or preset["widths"], options.blocks or preset["blocks"]
    return shuffle_unet_architecture(widths, blocks, preset["embedding"], channels, 1)


def build_denoiser(architecture: Architecture) -> nn.Module:
    return (ConditionalUNet if architecture["type"] == "conditional-unet" else ShuffleUNet)(architecture)


class Trainer(Training):
    def __init__(self, options: argparse.Namespace) -> None:
        self.space = LatentSpace(options.autoencoder, torch.device(options.device))
        architecture = denoiser_architecture(options, self.space.channels)
        multiple = int(architecture["multiple"]) * self.space.factor
        if options.patch % multiple:
            raise ValueError(f"expected --patch to be a multiple of {multiple}, got {options.patch}")
        super().__init__(options, architecture)
        source = open_source(list_images(options.data), options.patch, options.scales, options.tile)
        self.batches = Prefetch(source, options.seed, options.batch)
        paths = list_images(options.validation) if options.validation else []
        images = [torch.from_numpy(center_multiple(path, multiple, 256))[None].to(self.device) for path in paths]
        self.validation = [self.space.encode(image) for image in images]

    def build(self) -> nn.Module:
        return build_denoiser(self.architecture)

    def batch(self, random: torch.Generator) -> Tuple[Tensor, ...]:
        sigma = noise_levels(self.options, random, self.options.batch).to(self.device)
        x = self.pixels(self.batches.get(self.iteration))
        side = self.options.patch // self.space.factor
        shape = (2, x.shape[0], self.space.channels, side, side)
        posterior, noise = torch.randn(shape, generator=self.device_random(random), device=self.device)
        return x, posterior, sigma, noise

    def loss(self, *parts: Tensor) -> Tensor:
        x, posterior, sigma, noise = parts
        return edm_loss(self.forward, self.space.encode(x, posterior), sigma, noise, SIGMA_DATA).sum()

    @torch.no_grad()
    def validate(self) -> Optional[Dict[str, object]]:
        """Root mean squared error of one denoising step on normalised latents, per noise level; the noise is fixed."""
        if not self.validation:
            return None
        network = self.averaged_network()
        errors = []
        for sigma in VALIDATION_SIGMAS:
            total = 0.0
            for index, z in enumerate(self.validation):
                noise = torch.randn(z.shape, generator=torch.Generator().manual_seed(index)).to(self.device)
                noisy = (z + sigma * noise).contiguous(memory_format=torch.channels_last)
                with self.autocast():
                    estimate = denoise(network, noisy, torch.full((1,), sigma, device=self.device), SIGMA_DATA)
                total += (estimate - z).double().square().mean().item()
            errors.append(math.sqrt(total / len(self.validation)))
        return {"rmse": {f"{sigma:g}": round(error, 4) for sigma, error in zip(VALIDATION_SIGMAS, errors)}}

    def export(self, measured: Optional[Dict[str, object]]) -> None:
        details = self.details()
        details["training"]["lnSigma"] = describe_noise(self.options)
        if measured:
            details["measured"] = {"latentRmse": measured["rmse"]}
        folder = os.path.join(self.options.out, "export")
        export_latent(folder, self.architecture, SIGMA_DATA, self.result(), self.options.autoencoder, details)


def main(arguments: Optional[List[str]] = None) -> None:
    options = parse_arguments(arguments)
    torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    run(Trainer(options))


if __name__ == "__main__":
    main()
