"""The autoencoder of the embedded latent model: convolution + ReLU residual blocks on a space-to-depth image, KL-regularised."""

from __future__ import annotations

from typing import Dict, List, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from model import Architecture, Block


def shuffle_autoencoder_architecture(
    latents: int, encoder: Tuple[List[int], List[int]], decoder: Tuple[List[int], List[int]]
) -> Architecture:
    """The card's description. `encoder` and `decoder`: (widths, blocks) per level, the finest first; level 0 has half the size."""
    for widths, blocks in (encoder, decoder):
        if len(widths) != len(blocks) or len(widths) != len(encoder[0]):
            raise ValueError(f"expected a width and a block count for each of {len(encoder[0])} levels, got {widths} and {blocks}")
    return {
        "type": "shuffle-autoencoder",
        "channels": 3,
        "latents": latents,
        "shuffle": 2,
        "encoder": {"widths": list(encoder[0]), "blocks": list(encoder[1])},
        "decoder": {"widths": list(decoder[0]), "blocks": list(decoder[1])},
        "factor": 2 ** len(encoder[0]),
    }


def blocks(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Block(width) for _ in range(count)))


class Encoder(nn.Module):
    """(N, 3, H, W) -> (N, 2 latents, H/f, W/f): mean and log variance. Levels as those of the pixel prior's way down."""

    def __init__(self, channels: int, latents: int, shuffle: int, widths: List[int], counts: List[int]) -> None:
        super().__init__()
        self.shuffle = shuffle
        self.levels = len(widths)
        self.stem = nn.Conv2d(channels * shuffle**2, widths[0], 3, padding=1)
        for level in range(self.levels):
            if level > 0:
                setattr(self, f"down{level}", nn.Conv2d(4 * widths[level - 1], widths[level], 1))
            setattr(self, f"level{level}", blocks(widths[level], counts[level]))
        self.head = nn.Conv2d(widths[-1], 2 * latents, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.stem(functional.pixel_unshuffle(x, self.shuffle))
        for level in range(self.levels):
            if level > 0:
                h = getattr(self, f"down{level}")(functional.pixel_unshuffle(h, 2))
            h = getattr(self, f"level{level}")(h)
        return self.head(h)


class Decoder(nn.Module):
    """(N, latents, H/f, W/f) -> (N, 3, H, W)."""

    def __init__(self, channels: int, latents: int, shuffle: int, widths: List[int], counts: List[int]) -> None:
        super().__init__()
        self.shuffle = shuffle
        self.levels = len(widths)
        self.stem = nn.Conv2d(latents, widths[-1], 3, padding=1)
        for level in reversed(range(self.levels)):
            setattr(self, f"level{level}", blocks(widths[level], counts[level]))
            if level > 0:
                setattr(self, f"up{level}", nn.Conv2d(widths[level], 4 * widths[level - 1], 1))
        self.head = nn.Conv2d(widths[0], channels * shuffle**2, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        h = self.stem(z)
        for level in reversed(range(self.levels)):
            h = getattr(self, f"level{level}")(h)
            if level > 0:
                h = functional.pixel_shuffle(getattr(self, f"up{level}")(h), 2)
        return functional.pixel_shuffle(self.head(h), self.shuffle)


class ShuffleAutoencoder(nn.Module):
    """The card `{"type": "shuffle-autoencoder", ...}`; every residual branch starts at zero."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        if architecture["type"] != "shuffle-autoencoder":
            raise ValueError(f"expected the architecture type shuffle-autoencoder, got {architecture['type']}")
        shape = (int(architecture["channels"]), int(architecture["latents"]), int(architecture["shuffle"]))
        for name, part in (("encoder", Encoder), ("decoder", Decoder)):
            description: Dict[str, List[int]] = architecture[name]
            setattr(self, name, part(*shape, description["widths"], description["blocks"]))
        for module in self.modules():
            if isinstance(module, Block):
                nn.init.zeros_(module.conv2.weight)
                nn.init.zeros_(module.conv2.bias)

    def encode(self, x: Tensor) -> Tuple[Tensor, Tensor]:
        """Mean and log variance of q(z|x), float32, the latter within [-30, 20] as in Rombach et al. 2022."""
        mean, log_variance = self.encoder(x).float().chunk(2, dim=1)
        return mean, log_variance.clamp(-30, 20)

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z).float()

    def forward(self, x: Tensor, noise: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Reconstruction from a sample of q(z|x), mean and log variance."""
        mean, log_variance = self.encode(x)
        z = mean + (0.5 * log_variance).exp() * noise
        return self.decode(z.contiguous(memory_format=torch.channels_last)), mean, log_variance


def edge_loss(a: Tensor, b: Tensor, scales: int = 3) -> Tensor:
    """Mean absolute difference of the finite differences of a and b at `scales` octaves, one number per image.

    An L1 loss alone lets edges blur; this asks for the right slope across and along, coarse to fine, without a trained backbone.
    """
    difference = a - b
    total = difference.new_zeros(difference.shape[0])
    for scale in range(scales):
        if scale > 0:
            difference = functional.avg_pool2d(difference, 2)
        total = total + (difference[..., 1:] - difference[..., :-1]).abs().mean(dim=(1, 2, 3))
        total = total + (difference[..., 1:, :] - difference[..., :-1, :]).abs().mean(dim=(1, 2, 3))
    return total / (2 * scales)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(q(z|x) || N(0, 1)) per latent number, averaged over each image."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(dim=(1, 2, 3))
