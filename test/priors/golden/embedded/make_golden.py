"""Known outputs of the embedded pixel priors, by PyTorch in float64, from the weights as they are stored: NAME.safetensors.

    PYTHONPATH=../../../../training python3 make_golden.py
"""

import os

import torch

import safetensors_io
from export import load_prior

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "../../../../models")
CASES = ((16, 32, 0.2), (16, 16, 5.0), (32, 16, 0.02))


def denoise(network, x, sigma):
    """EDM preconditioning with sigma_data = 0.5, in the precision of its operands."""
    total = sigma**2 + 0.25
    return 0.25 / total * x + 0.5 * sigma / total.sqrt() * network(x / total.sqrt(), sigma.log()[None] / 4)


def outputs(name):
    network = load_prior(os.path.join(MODELS, name, "card.json")).double()
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
        for tensor_name, tensor in (("x", x), ("sigma", sigma), ("denoised", denoised), ("v", v), ("vjp", vjp)):
            tensors[f"{tensor_name}{index}"] = tensor.detach().float().numpy()
    return tensors


def main() -> None:
    for name in ("natural", "natural-small"):
        safetensors_io.save(os.path.join(HERE, f"{name}.safetensors"), outputs(name), {"note": "PyTorch, float64"})


if __name__ == "__main__":
    main()
