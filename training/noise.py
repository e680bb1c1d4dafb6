"""Noise levels to train denoisers with."""

from __future__ import annotations

import argparse
import math
from typing import Dict

import torch
from torch import Tensor

from export import SIGMA_MAX, SIGMA_MIN


def add_noise_arguments(parser: argparse.ArgumentParser, mean: float, std: float) -> None:
    add = parser.add_argument
    add("--sigma-mean", type=float, default=mean, help="mean of ln sigma")
    add("--sigma-std", type=float, default=std, help="standard deviation of ln sigma")
    add("--uniform-share", type=float, default=0.15, help="share of noise levels drawn log-uniformly over the whole range")


def describe_noise(options: argparse.Namespace) -> Dict[str, float]:
    return {"mean": options.sigma_mean, "std": options.sigma_std, "logUniformShare": options.uniform_share}


def noise_levels(options: argparse.Namespace, random: torch.Generator, count: int) -> Tensor:
    """Stratified draws: one noise level in each count-th part of the distribution, which calms the loss of small batches."""
    wide = round(options.uniform_share * count)
    offsets = torch.rand(count, generator=random, dtype=torch.float64)

    def strata(start: int, number: int) -> Tensor:
        return (torch.arange(number) + offsets[start : start + number]) / max(number, 1)

    low, high = math.log(SIGMA_MIN), math.log(SIGMA_MAX)
    uniform = low + (high - low) * strata(0, wide)
    normal = options.sigma_mean + options.sigma_std * torch.special.ndtri(strata(wide, count - wide).clamp(1e-9, 1 - 1e-9))
    return torch.cat([uniform, normal]).clamp(low, high).exp().float()
