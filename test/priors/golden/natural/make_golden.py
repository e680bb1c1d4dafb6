"""Known outputs of the embedded prior, by PyTorch in float64, from the weights as they are stored.

    PYTHONPATH=../../../../training python3 make_golden.py
"""

import os

import torch

import safetensors_io
from export import load_prior

HERE = os.path.dirname(os.path.abspath(__file__))
CARD = os.path.join(HERE, "../../../../models/natural/card.json")
CASES = ((16, 24, 0.2), (16, 16, 5.0))


def denoise(network, x, sigma):
    """EDM preconditioning with sigma_data = 0.5, in the precision of its operands."""
    total = sigma**2 + 0.25
    return 0.25 / total * x + 0.5 * sigma / total.sqrt() * network(x / total.sqrt(), sigma.log()[None] / 4)


def main() -> None:
    network = load_prior(CARD).double()
    random = torch.Generator().manual_seed(0)
    tensors = {}
    for index, (height, width, level) in enumerate(CASES):
        shape = (1, 3, height, width)
        rows = torch.linspace(-1, 1, height)[None, None, :, None].expand(shape)
        x = (rows + level * torch.randn(shape, generator=random)).float().double().requires_grad_()
        v = torch.randn(shape, generator=random).double()
        sigma = torch.full((1,), level, dtype=torch.float32)
        denoised = denoise(network, x, sigma.double()[0])
        (vjp,) = torch.autograd.grad(denoised, x, v)
        for name, tensor in (("x", x), ("sigma", sigma), ("denoised", denoised), ("v", v), ("vjp", vjp)):
            tensors[f"{name}{index}"] = tensor.detach().float().numpy()
    safetensors_io.save(os.path.join(HERE, "golden.safetensors"), tensors, {"note": "PyTorch, float64"})


if __name__ == "__main__":
    main()
