"""Trains a fully convolutional KL autoencoder on folders of pictures and exports it for the library and for train_latent.py.

    python3 train_autoencoder.py --data photos --out runs/autoencoder --iterations 30000 --threads 2

Loss: L1 + edges at three octaves + a small KL (Kingma & Welling 2014; Rombach et al. 2022), no downloaded backbone. Like every recipe
here the run can be killed at any time and goes on with the same command.
"""

from __future__ import annotations

import argparse
import math
import os
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import torch
from torch import Tensor, nn

from autoencoder import ShuffleAutoencoder, edge_loss, kl_divergence, shuffle_autoencoder_architecture
from data import DEFAULT_SCALES, Prefetch, center_multiple, list_images, open_source
from export import export_autoencoder
from trainer import Training, add_training_arguments, run

Levels = Dict[str, List[int]]

PRESETS: Dict[str, Dict[str, Levels]] = {
    "f4": {"encoder": {"widths": [48, 96], "blocks": [1, 3]}, "decoder": {"widths": [48, 96], "blocks": [2, 4]}},
    "tiny": {"encoder": {"widths": [8, 12], "blocks": [1, 1]}, "decoder": {"widths": [8, 12], "blocks": [1, 1]}},
}


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_training_arguments(parser, patch=64)
    add = parser.add_argument
    add("--preset", choices=sorted(PRESETS), default="f4", help="architecture; f = 2^levels")
    add("--latents", type=int, default=4, help="channels of the latent space")
    for part in ("encoder", "decoder"):
        add(f"--{part}-widths", type=int, nargs="+", help="channels per level, instead of the preset's")
        add(f"--{part}-blocks", type=int, nargs="+", help="residual blocks per level, instead of the preset's")
    add("--edges", type=float, default=0.5, help="weight of the edge term")
    add("--kl", type=float, default=5e-4, help="weight of the KL term, per latent number")
    add("--tile", type=int, default=0, help="side of a tile where the pictures are sheets of tiles (faces)")
    add("--scales", type=float, nargs="+", default=list(DEFAULT_SCALES), help="scales at which pictures are cropped")
    return parser.parse_args(arguments)


@torch.no_grad()
def round_trip_psnr(network: ShuffleAutoencoder, images: Sequence[np.ndarray], device: str = "cpu", bf16: bool = False) -> float:
    """Mean over the images of the PSNR of decode(mean of encode(x)), clipped to [-1, 1]."""
    total = 0.0
    for image in images:
        x = torch.from_numpy(image)[None].to(device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16, enabled=bf16):
            y = network.decode(network.encode(x)[0]).clamp(-1, 1)
        total += 10 * math.log10(4 / (y - x).double().square().mean().item())
    return total / len(images)


@torch.no_grad()
def latent_moments(network: ShuffleAutoencoder, batches: Sequence[Tensor]) -> Dict[str, List[float]]:
    """Mean and standard deviation of each latent channel, and the encoder's mean posterior standard deviation."""
    encoded = [network.encode(x.contiguous(memory_format=torch.channels_last)) for x in batches]
    means = torch.cat([mean for mean, _ in encoded]).double().transpose(0, 1).flatten(1)
    spread = torch.cat([(0.5 * v).exp() for _, v in encoded]).double().mean(dim=(0, 2, 3))
    return {
        "mean": [round(v, 6) for v in means.mean(dim=1).tolist()],
        "std": [round(v, 6) for v in means.std(dim=1).tolist()],
        "posteriorStd": [round(v, 6) for v in spread.tolist()],
    }


class Trainer(Training):
    network: ShuffleAutoencoder

    def __init__(self, options: argparse.Namespace) -> None:
        preset = PRESETS[options.preset]
        encoder, decoder = (
            (
                getattr(options, f"{part}_widths") or preset[part]["widths"],
                getattr(options, f"{part}_blocks") or preset[part]["blocks"],
            )
            for part in ("encoder", "decoder")
        )
        architecture = shuffle_autoencoder_architecture(options.latents, encoder, decoder)
        self.factor = int(architecture["factor"])
        if options.patch % self.factor:
            raise ValueError(f"expected --patch to be a multiple of {self.factor}, got {options.patch}")
        super().__init__(options, architecture)
        self.source = open_source(list_images(options.data), options.patch, options.scales, options.tile)
        self.batches = Prefetch(self.source, options.seed, options.batch)
        paths = list_images(options.validation) if options.validation else []
        self.images = [center_multiple(path, 8, 256) for path in paths]

    def build(self) -> nn.Module:
        return ShuffleAutoencoder(self.architecture)

    def batch(self, random: torch.Generator) -> Tuple[Tensor, ...]:
        x = self.pixels(self.batches.get(self.iteration))
        side = self.options.patch // self.factor
        shape = (x.shape[0], self.options.latents, side, side)
        return x, torch.randn(shape, generator=self.device_random(random), device=self.device)

    def loss(self, *parts: Tensor) -> Tensor:
        x, noise = parts
        y, mean, log_variance = self.forward(x.contiguous(memory_format=torch.channels_last), noise)
        value = (y - x).abs().mean(dim=(1, 2, 3)) + self.options.edges * edge_loss(y, x)
        return (value + self.options.kl * kl_divergence(mean, log_variance)).sum()

    def validate(self) -> Optional[Dict[str, object]]:
        if not self.images:
            return None
        bf16 = self.options.precision == "bf16"
        return {"psnr": round(round_trip_psnr(self.averaged_network(), self.images, str(self.device), bf16), 3)}

    def export(self, measured: Optional[Dict[str, object]]) -> None:
        details = self.details()
        details["training"].update(loss={"l1": 1, "edges": self.options.edges, "kl": self.options.kl})
        if measured:
            details["measured"] = {"validationPsnr": measured["psnr"]}
        batches = [self.pixels(self.source.batch(self.options.seed + 1, i, 16)) for i in range(16)]
        moments = latent_moments(self.averaged_network(), batches)
        export_autoencoder(os.path.join(self.options.out, "export"), self.architecture, moments, self.result(), details)


def main(arguments: Optional[List[str]] = None) -> None:
    options = parse_arguments(arguments)
    torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    run(Trainer(options))


if __name__ == "__main__":
    main()
