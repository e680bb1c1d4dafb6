"""FFDNet (Zhang, Zuo, Zhang 2018) as a teacher: part of a denoiser's target where it is known to be good."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import safetensors_io

LARGEST_SIGMA = 150 / 255  # 75 of 255, the end of its training range, on the [-1, 1] scale


class FFDNet(nn.Module):
    """x: (N, 3, H, W) in [-1, 1] plus noise, H and W even; sigma: (N,) on the same scale, at most LARGEST_SIGMA. Weights: KAIR's ffdnet_color."""

    def __init__(self, path: str) -> None:
        super().__init__()
        weights, _ = safetensors_io.load(path)
        names = sorted((name for name in weights if name.endswith(".weight")), key=lambda name: int(name.split(".")[1]))
        self.convolutions = nn.ModuleList()
        for name in names:
            weight = torch.from_numpy(np.array(weights[name]))
            convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            convolution.weight.data = weight
            convolution.bias.data = torch.from_numpy(np.array(weights[name.replace("weight", "bias")]))
            self.convolutions.append(convolution)

    @torch.no_grad()
    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        # It predicts the picture itself: in bf16 that costs it 0.2 dB at 5 of 255.
        with torch.autocast(x.device.type, enabled=False):
            return self.denoise(x.float(), sigma)

    def denoise(self, x: Tensor, sigma: Tensor) -> Tensor:
        h = functional.pixel_unshuffle((x + 1) / 2, 2)
        level = (sigma / 2)[:, None, None, None].expand(-1, 1, h.shape[2], h.shape[3])
        h = torch.cat([h, level.to(h.dtype)], dim=1).contiguous(memory_format=torch.channels_last)
        for convolution in self.convolutions[:-1]:
            h = functional.relu(convolution(h))
        return 2 * functional.pixel_shuffle(self.convolutions[-1](h), 2) - 1


def teacher_share(sigma: Tensor, most: float) -> Tensor:
    """How much of the target is the teacher's: none below 5 of 255, where it is no better, `most` from 15 to 75 of 255, none above."""
    low, full = math.log(10 / 255), math.log(30 / 255)
    ramp = ((sigma.log() - low) / (full - low)).clamp(0, 1)
    return most * ramp * (sigma <= LARGEST_SIGMA)


def lesson(teacher: FFDNet, clean: Tensor, sigma: Tensor, noise: Tensor, most: float) -> Tensor:
    """share (T(noisy) - clean): added to the clean picture it makes the target (1 - share) clean + share T(noisy).

    The posterior mean of that target is as good as E[clean | noisy] but for share times the teacher's error, and its noise, what
    no denoiser can know, is (1 - share) of the clean picture's: gradients are calmer by the square of it.
    """
    share = teacher_share(sigma, most)
    column = (slice(None), None, None, None)
    estimate = teacher(clean + sigma[column] * noise, sigma.clamp(max=LARGEST_SIGMA))
    return share[column] * (estimate - clean)
