"""Muon: momentum whose update is orthogonalised (Jordan et al. 2024), for the weight matrices of hidden layers."""

from __future__ import annotations

import math
from typing import Iterable

import torch
from torch import Tensor


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """About U V^T for matrix = U S V^T, by Newton-Schulz iterations of degree five (all singular values end near 1)."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.bfloat16()
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.T).to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """A convolution's (O, I, h, w) weight is taken as an (O, I h w) matrix.

    Updates are scaled to a root mean square of 0.2 lr, about that of Adam, so that both share a learning rate (Liu et al. 2025).
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"]
                momentum.lerp_(parameter.grad, 1 - group["momentum"])
                direction = parameter.grad.lerp(momentum, group["momentum"])  # Nesterov
                update = orthogonalise(direction.reshape(direction.shape[0], -1))
                scale = 0.2 * math.sqrt(max(update.shape))
                parameter.add_(update.reshape(parameter.shape), alpha=-group["lr"] * scale)
