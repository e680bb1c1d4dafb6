"""Muon: momentum whose update is orthogonalised (Jordan et al. 2024), for the weight matrices of hidden layers."""

from __future__ import annotations

import math
from typing import Dict, Iterable, List, Tuple

import torch
from torch import Tensor


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """About U V^T for each (N, rows, columns) matrix U S V^T, by Newton-Schulz iterations of degree five.

    All singular values end near 1.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices.bfloat16() if matrices.is_cuda else matrices.float()  # batches in 16 bits are slow on a CPU
    wide = x.shape[1] <= x.shape[2]
    x = x if wide else x.transpose(1, 2)
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x if wide else x.transpose(1, 2)).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """A convolution's (O, I, h, w) weight is taken as an (O, I h w) matrix.

    Updates are scaled to a root mean square of 0.2 lr, about that of Adam, so that both share a learning rate (Liu et al. 2025).
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            same: Dict[Tuple[int, ...], List[Tensor]] = {}  # matrices of one shape are orthogonalised together
            for parameter in group["params"]:
                if parameter.grad is not None:
                    same.setdefault((len(parameter), parameter[0].numel()), []).append(parameter)
            for shape, parameters in same.items():
                directions = []
                for parameter in parameters:
                    state = self.state[parameter]
                    if not state:
                        state["momentum"] = torch.zeros_like(parameter)
                    momentum = state["momentum"]
                    momentum.lerp_(parameter.grad, 1 - group["momentum"])
                    directions.append(parameter.grad.lerp(momentum, group["momentum"]).reshape(shape))  # Nesterov
                scale = 0.2 * math.sqrt(max(shape))
                for parameter, update in zip(parameters, orthogonalise(torch.stack(directions))):
                    parameter.add_(update.reshape(parameter.shape), alpha=-group["lr"] * scale)
