"""The pixel prior: a residual convolution + ReLU U-Net on a space-to-depth image, and its EDM preconditioning."""

from __future__ import annotations

import math
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

SIGMA_DATA = 0.5

Architecture = Dict[str, object]


def shuffle_unet_architecture(
    widths: List[int],
    blocks: List[int],
    embedding: List[int],
    channels: int = 3,
    shuffle: int = 2,
    detail: Optional[Mapping[str, float]] = None,
) -> Architecture:
    """The card's description of a network, from which the TypeScript side builds the same one; `detail`: see `DetailPath`."""
    if len(widths) != len(blocks) or len(widths) < 1:
        raise ValueError(f"expected as many widths as block counts, got {widths} and {blocks}")
    architecture: Architecture = {
        "type": "shuffle-unet",
        "channels": channels,
        "shuffle": shuffle,
        "widths": list(widths),
        "blocks": list(blocks),
        "embedding": list(embedding),
        "multiple": shuffle * 2 ** (len(widths) - 1),
    }
    if detail:
        architecture["detail"] = {**detail, "sigmaData": SIGMA_DATA}
    return architecture


class Block(nn.Module):
    """x + conv2(relu(conv1(x))): the cheapest residual block on a CPU, where both convolutions fuse with their neighbours."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(functional.relu(self.conv1(x)))


class DetailPath(nn.Module):
    """A second opinion where the noise is weak or moderate: FFDNet's plain convolutions at full width, on half the size.

    It estimates the picture itself, T, from the noisy one, the noise level and the U-Net's last features. The network's answer is
    D = D_unet + w (T - D_unet - G(T - D_unet)) with w(sigma) = s(k_low (ln sigma - m_low)) s(k_high (m_high - ln sigma)), s the
    logistic function, and G a Gaussian low-pass; gate = [m_low, k_low, m_high, k_high] is learned. Weak noise is the U-Net's alone, for
    it predicts the noise there and not the picture; strong noise too, for it sees further. So is coarse structure: whoever predicts the
    picture itself lets it drift wherever the data of an inverse problem do not hold it.
    """

    # Half and half at 7.3 and at 232 of 255: from FFDNet's own end at 75 on this path has to learn, and is given room to.
    GATE = (math.log(7.3 / 127.5), 2.0, math.log(232 / 127.5), 3.0)

    def __init__(self, detail: Mapping[str, object], channels: int, context: int) -> None:
        super().__init__()
        width, depth = int(detail["width"]), int(detail["depth"])
        self.sigma_data, self.low_pass = float(detail["sigmaData"]), float(detail["lowPass"])
        self.stem = nn.Conv2d(channels + 1, width, 3, padding=1)
        self.context = nn.Conv2d(context, width, 1, bias=False)
        self.body = nn.Sequential(*(nn.Conv2d(width, width, 3, padding=1) for _ in range(depth)))
        self.head = nn.Conv2d(width, channels, 3, padding=1)
        self.gate = nn.Parameter(torch.tensor(self.GATE))
        nn.init.zeros_(self.context.weight)
        nn.init.zeros_(self.head.weight)
        for convolution in (self.stem, *self.body):
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            nn.init.zeros_(convolution.bias)

    def forward(self, u: Tensor, c_noise: Tensor, features: Tensor, unet: Tensor) -> Tensor:
        """F of both paths; u and unet, F of the U-Net: un-shuffled (N, C, H, W); c_noise: (N,); features: (N, context, H, W)."""
        log_sigma = 4 * c_noise[:, None, None, None]
        sigma = log_sigma.exp()
        total = (sigma**2 + self.sigma_data**2).sqrt()
        h = (total * u + 1) / 2
        level = (sigma / 2).expand(-1, 1, h.shape[2], h.shape[3])
        h = functional.relu(self.stem(torch.cat([h, level], dim=1)) + self.context(features))
        for convolution in self.body:
            h = functional.relu(convolution(h))
        picture = 2 * self.head(h).to(u.dtype) - 1
        # F = (D - c_skip x) / c_out at D = T, with c_skip, c_out and x = total u written out.
        detail = (total * picture - self.sigma_data**2 * u) / (sigma * self.sigma_data)
        low, low_slope, high, high_slope = self.gate
        weight = torch.sigmoid(low_slope * (log_sigma - low)) * torch.sigmoid(high_slope * (high - log_sigma))
        difference = detail - unet
        return unet + weight * (difference - gaussian(difference, self.low_pass))


def gaussian(x: Tensor, std: float) -> Tensor:
    """Rows and columns of (N, C, H, W) averaged with a Gaussian of standard deviation `std` that is reflected at the borders.

    It keeps the mean exactly and is its own adjoint: in the cosines of the DCT-II it is a product.
    """

    def kernel(size: int) -> Tensor:
        k = torch.arange(size, dtype=torch.float64)
        cosines = torch.cos(math.pi * k[:, None] * (k + 0.5) / size)
        gains = torch.exp(-((math.pi * k * std / size) ** 2) / 2) * torch.where(k == 0, 1.0, 2.0) / size
        return (cosines.T @ (gains[:, None] * cosines)).to(x)

    with torch.autocast(x.device.type, enabled=False):
        return kernel(x.shape[2]) @ x @ kernel(x.shape[3])


class ShuffleUNet(nn.Module):
    """F(u, c_noise) of the card `{"type": "shuffle-unet", ...}`.

    Level 0 works on the image un-shuffled by `shuffle` (12 channels of a picture by 2; latents by 1), level k on half the size of level k-1. `widths` and `blocks` go from
    level 0 to the lowest; `embedding` = [hidden, out] numbers of the noise embedding, which enters as constant channels of the stem; `detail`, where there is one, adds a `DetailPath`.
    u: (N, channels, H, W) with H and W multiples of shuffle 2^(levels - 1); c_noise: (N,). With `both`, the answers of the U-Net alone
    and of both paths follow each other on the first axis.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        if architecture["type"] != "shuffle-unet":
            raise ValueError(f"expected the architecture type shuffle-unet, got {architecture['type']}")
        channels = int(architecture["channels"])
        shuffle = int(architecture["shuffle"])
        widths: List[int] = list(architecture["widths"])
        blocks: List[int] = list(architecture["blocks"])
        hidden, embedded = list(architecture["embedding"])
        self.shuffle = shuffle
        self.levels = len(widths)
        self.emb1 = nn.Linear(1, hidden)
        self.emb2 = nn.Linear(hidden, embedded)
        self.stem = nn.Conv2d(channels * shuffle**2 + embedded, widths[0], 3, padding=1)
        for level in range(self.levels - 1):
            width, below = widths[level], widths[level + 1]
            setattr(self, f"enc{level}", nn.Sequential(*(Block(width) for _ in range(blocks[level]))))
            setattr(self, f"down{level}", nn.Conv2d(4 * width, below, 1))
            setattr(self, f"up{level}", nn.Conv2d(below, 4 * width, 1))
            setattr(self, f"dec{level}", nn.Sequential(*(Block(width) for _ in range(blocks[level]))))
        self.mid = nn.Sequential(*(Block(widths[-1]) for _ in range(blocks[-1])))
        self.head = nn.Conv2d(widths[0], channels * shuffle**2, 3, padding=1)
        detail = architecture.get("detail")
        self.detail = DetailPath(detail, channels * shuffle**2, widths[0]) if detail else None
        # A residual branch that starts at zero keeps the signal's variance through any depth.
        for module in self.modules():
            if isinstance(module, Block):
                nn.init.zeros_(module.conv2.weight)
                nn.init.zeros_(module.conv2.bias)

    def forward(self, u: Tensor, c_noise: Tensor, both: bool = False) -> Tensor:
        e = self.emb2(functional.silu(self.emb1(c_noise[:, None])))
        picture = functional.pixel_unshuffle(u, self.shuffle)
        constant = e[:, :, None, None].to(picture.dtype).expand(-1, -1, *picture.shape[2:])
        h = self.stem(torch.cat([picture, constant], dim=1))
        skips = []
        for level in range(self.levels - 1):
            h = getattr(self, f"enc{level}")(h)
            skips.append(h)
            h = getattr(self, f"down{level}")(functional.pixel_unshuffle(h, 2))
        h = self.mid(h)
        for level in reversed(range(self.levels - 1)):
            h = functional.pixel_shuffle(getattr(self, f"up{level}")(h), 2) + skips[level]
            h = getattr(self, f"dec{level}")(h)
        out = self.head(h)
        if self.detail is not None:
            unet = out.to(picture.dtype)
            out = self.detail(picture, c_noise, h, unet)
            if both:
                out = torch.cat([unet, out])
        return functional.pixel_shuffle(out, self.shuffle)


def edm_coefficients(sigma: Tensor, sigma_data: float = SIGMA_DATA) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """c_skip, c_out, c_in, c_noise of Karras et al. 2022, table 1; sigma_data: the standard deviation of clean data."""
    total = sigma**2 + sigma_data**2
    return sigma_data**2 / total, sigma * sigma_data / total.sqrt(), 1 / total.sqrt(), sigma.log() / 4


def denoise(network: nn.Module, x: Tensor, sigma: Tensor, sigma_data: float = SIGMA_DATA) -> Tensor:
    """D(x, sigma) = E[clean | clean + sigma * noise]; x: (N, C, H, W), pictures in [-1, 1] plus noise; sigma: (N,), same scale."""
    c_skip, c_out, c_in, c_noise = edm_coefficients(sigma.float(), sigma_data)

    def column(c: Tensor) -> Tensor:
        return c[:, None, None, None]

    return column(c_skip) * x + column(c_out) * network(column(c_in) * x, c_noise).float()


def edm_loss(
    network: nn.Module,
    clean: Tensor,
    sigma: Tensor,
    noise: Tensor,
    sigma_data: float = SIGMA_DATA,
    **options: bool,
) -> Tensor:
    """EDM's weighted denoising loss: (sigma^2 + sd^2) / (sigma sd)^2 |D - clean|^2 = |F - target|^2, one number per image.

    Written on F so that the weight never multiplies a difference that rounding has emptied. `options` are the network's; of several
    answers to an image, the mean of their losses.
    """
    c_skip, c_out, c_in, c_noise = edm_coefficients(sigma, sigma_data)

    def column(c: Tensor) -> Tensor:
        return c[:, None, None, None]

    noisy = clean + column(sigma) * noise
    # (clean - c_skip * noisy) / c_out, with the division carried out.
    total = (sigma**2 + sigma_data**2).sqrt()
    target = column(sigma / (sigma_data * total)) * clean - column(sigma_data / total) * noise
    output = network((column(c_in) * noisy).contiguous(memory_format=torch.channels_last), c_noise, **options)
    answers = output.float().unflatten(0, (-1, len(clean)))
    return (answers - target).square().mean(dim=(0, 2, 3, 4))


def grow_from(network: nn.Module, weights: Mapping[str, np.ndarray]) -> Tuple[int, int]:
    """Starts `network` as the same function as a smaller one of the same type; returns (tensors copied, tensors new).

    Every tensor keeps the old values in its leading corner. Old outputs read nothing from new inputs (zeros there), new outputs keep
    their random start, new blocks add nothing because their conv2 is zero. Channels of (un)shuffled tensors are channel-major, so
    the leading corner is right for the 1x1 convolutions too.
    """
    copied = 0
    state = network.state_dict()
    unknown = sorted(set(weights) - set(state))
    if unknown:
        raise ValueError(f"expected weights of the same type of network, got unknown tensors {unknown[:4]}")
    with torch.no_grad():
        for name, tensor in state.items():
            if name not in weights:
                continue
            old = torch.from_numpy(np.array(weights[name], dtype=np.float32))
            if any(a > b for a, b in zip(old.shape, tensor.shape)) or old.dim() != tensor.dim():
                raise ValueError(f"{name}: expected a shape that fits into {tuple(tensor.shape)}, got {tuple(old.shape)}")
            if name.startswith("stem.") and old.dim() == 4 and old.shape[1] != tensor.shape[1]:
                raise ValueError("expected the same image channels and noise embedding as the weights to start from")
            if old.dim() > 1:
                tensor[: old.shape[0]] = 0
            tensor[tuple(slice(0, n) for n in old.shape)] = old
            copied += 1
    return copied, len(state) - copied
