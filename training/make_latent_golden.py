"""Tiny latent networks of random weights with known outputs, and TAEF2 on real pictures, for the tests of the library.

    python3 make_latent_golden.py --out ../test/latent/golden --taef2 ../../shared/data/weights/taef2 --images ../../shared/data/eval

Every network: its weights (fp16) with its card's architecture, inputs, outputs and vector-Jacobian products, computed in float64.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from typing import Callable, Dict, Tuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import safetensors_io
from autoencoder import ShuffleAutoencoder, shuffle_autoencoder_architecture
from data import read_rgb
from export import export_autoencoder, export_latent
from model import Architecture, ShuffleUNet, denoise, shuffle_unet_architecture
from stable_diffusion import AutoencoderKL, ConditionalUNet, conditional_unet_architecture
from train_latent import SIGMA_DATA, LatentSpace

Tensors = Dict[str, np.ndarray]


def randomise(network: nn.Module, seed: int) -> None:
    """Weights of about unit gain that half precision holds exactly; nothing stays at zero, where a mistake would go unnoticed."""
    random = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        fan = max(1, parameter[0].numel()) if parameter.dim() > 1 else 1
        value = torch.randn(parameter.shape, generator=random) * (0.9 / fan**0.5 if parameter.dim() > 1 else 0.2)
        if parameter.dim() == 1:
            value = value + 0.5  # biases and the scales of normalisations
        parameter.data = value.half().float()


def golden(function: Callable[[Tensor], Tensor], x: Tensor, seed: int) -> Tensors:
    """x, y = f(x), v and J(x)^T v."""
    x = x.float().double().requires_grad_()
    y = function(x)
    v = torch.randn(y.shape, generator=torch.Generator().manual_seed(seed)).double()
    (vjp,) = torch.autograd.grad(y, x, v)
    return {k: t.detach().float().numpy() for k, t in (("x", x), ("y", y), ("v", v), ("vjp", vjp))}


def prefixed(prefix: str, tensors: Tensors) -> Tensors:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def save(folder: str, architecture: Architecture, network: nn.Module, tensors: Tensors) -> None:
    os.makedirs(folder, exist_ok=True)
    weights = {name: tensor.detach().numpy().astype(np.float16) for name, tensor in network.state_dict().items()}
    metadata = {"architecture": json.dumps(architecture)}
    safetensors_io.save(os.path.join(folder, "weights.safetensors"), weights, metadata)
    safetensors_io.save(os.path.join(folder, "golden.safetensors"), tensors)


def normal(shape: Tuple[int, ...], seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def make_autoencoders(out: str) -> None:
    common = {"channels": 3, "latents": 2, "widths": [8, 12], "layers": 1, "groups": 4}
    for name, extra in (("kl", {"type": "autoencoder-kl"}), ("vq", {"type": "autoencoder-vq", "entries": 16})):
        architecture: Architecture = {**extra, **common}
        network = AutoencoderKL(architecture)
        randomise(network, 1)
        network.double()
        tensors = prefixed("encode", golden(network.moments, normal((2, 3, 8, 12), 2).clamp(-1, 1), 3))
        tensors.update(prefixed("decode", golden(network.decode, normal((2, 2, 4, 6), 4), 5)))
        save(os.path.join(out, name), architecture, network.float(), tensors)
    architecture = shuffle_autoencoder_architecture(4, ([8, 12], [1, 2]), ([12, 8], [2, 1]))
    network = ShuffleAutoencoder(architecture)
    randomise(network, 6)
    network.double()
    tensors = prefixed("encode", golden(network.encoder, normal((2, 3, 8, 12), 7).clamp(-1, 1), 8))
    tensors.update(prefixed("decode", golden(network.decoder, normal((2, 4, 2, 3), 9), 10)))
    save(os.path.join(out, "shuffle"), architecture, network.float(), tensors)


def make_unets(out: str) -> None:
    cases = {
        "plain": conditional_unet_architecture(4, [8, 16], 1, [False, True], 2, groups=4),
        "text": conditional_unet_architecture(4, [8, 16], 1, [True, False], 2, groups=4, context=6),
        "class": conditional_unet_architecture(4, [8, 12], 2, [False, False], 3, groups=4, classes=5),
    }
    for seed, (name, architecture) in enumerate(cases.items()):
        network = ConditionalUNet(architecture)
        randomise(network, 20 + seed)
        network.double()
        time = torch.tensor([0.5, 700.25])
        context = normal((2, 3, 6), 30 + seed) if name == "text" else None
        label = torch.tensor([1, 4]) if name == "class" else None
        told = context.double() if context is not None else None
        tensors = golden(lambda u: network(u, time.double(), told, label), normal((2, 4, 4, 6), 40 + seed), 50 + seed)
        tensors["time"] = time.numpy()
        if context is not None:
            tensors["context"] = context.numpy()
        if label is not None:
            tensors["label"] = label.numpy()
        save(os.path.join(out, f"unet-{name}"), architecture, network.float(), tensors)


def make_model(out: str) -> None:
    """A whole latent model as the recipes export it, and what it makes of pictures and latents."""
    folder = os.path.join(out, "tiny-latent")
    card = os.path.join(folder, "card.json")
    architecture = shuffle_autoencoder_architecture(4, ([8, 12], [1, 1]), ([8, 12], [1, 1]))
    autoencoder = ShuffleAutoencoder(architecture)
    randomise(autoencoder, 11)
    details = {"name": "tiny-latent", "description": "Random weights, for tests alone", "licence": "MIT"}
    moments = {"mean": [0.1, -0.2, 0.3, 0.0], "std": [0.5, 1.5, 2.0, 1.0]}
    with tempfile.TemporaryDirectory() as first:
        export_autoencoder(first, architecture, moments, autoencoder.state_dict(), details)
        network = ShuffleUNet(shuffle_unet_architecture([8, 12], [1, 1], [8, 4], channels=4, shuffle=1))
        randomise(network, 12)
        unet = shuffle_unet_architecture([8, 12], [1, 1], [8, 4], channels=4, shuffle=1)
        export_latent(folder, unet, SIGMA_DATA, network.state_dict(), os.path.join(first, "card.json"), details)
    space = LatentSpace(card, torch.device("cpu"))
    x = normal((1, 3, 12, 16), 13).clamp(-1, 1)
    z = normal((2, 4, 4, 6), 14)
    sigma = torch.tensor([0.3, 5.0])
    with torch.no_grad():
        values = {"x": x, "encoded": space.encode(x), "z": z, "decoded": space.decode(z), "sigma": sigma}
        values["denoised"] = denoise(network, z, sigma, SIGMA_DATA)
    tensors = {name: value.float().numpy() for name, value in values.items()}
    safetensors_io.save(os.path.join(folder, "golden.safetensors"), tensors)


class Taef2Block(nn.Module):
    def __init__(self, width: int, pool: bool) -> None:
        super().__init__()
        parts = []
        for _ in range(3):
            parts += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU()]
        self.conv = nn.Sequential(*parts[:-1])
        if pool:
            wide = [nn.Conv2d(width, 4 * width, 1, bias=False), nn.GroupNorm(4, 4 * width), nn.ReLU()]
            self.pool = nn.Sequential(*wide, nn.Conv2d(4 * width, width, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        if hasattr(self, "pool"):
            x = x + self.pool(x)
        return functional.relu(self.conv(x) + x)


class Clamp(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


def taef2(plan: str, inputs: int, outputs: int) -> nn.Sequential:
    """The layers that the weights' README names, letter by letter."""
    width = 64
    parts, convs = [], plan.count("c")
    doubled, seen = False, 0
    for code in plan.replace(" ", ""):
        if code == "c":
            ends = (inputs if seen == 0 else width, outputs if seen == convs - 1 else width)
            parts.append(nn.Conv2d(*ends, 3, padding=1, bias=not doubled))
            seen += 1
        elif code == "s":
            parts.append(nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False))
        elif code == "u":
            parts.append(nn.Upsample(scale_factor=2))
        else:
            parts.append({"t": Clamp, "r": nn.ReLU}[code]() if code in "tr" else Taef2Block(width, code == "B"))
        doubled = code == "u"
    return nn.Sequential(*parts)


def golden_in_float32(network: nn.Module, case: Tensors) -> np.ndarray:
    """The VJP of a golden case as PyTorch computes it in single precision."""
    x = torch.from_numpy(case["x"]).requires_grad_()
    (vjp,) = torch.autograd.grad(network.float()(x), x, torch.from_numpy(case["v"]))
    network.double()
    return vjp.numpy()


def make_taef2(out: str, weights: str, images: str) -> None:
    """Latents of corners of pictures (on [0, 1]), their decoding, and the VJPs of both.

    A ReLU whose input rounds to the other side of zero changes a VJP by a jump, in float32 also PyTorch's own: the 16x16 corner is for
    float64, where none does; for the larger ones the distance of PyTorch's float32 from its float64 is kept beside them.
    """
    halves = {
        "encoder": taef2("c b s bbb s bbb s BBB c", 3, 32),
        "decoder": taef2("t c r BBB u c bbb u c bbb u c b c", 32, 3),
    }
    for name, network in halves.items():
        tensors, _ = safetensors_io.load(os.path.join(weights, f"taef2_{name}.safetensors"))
        network.load_state_dict({k: torch.from_numpy(v.astype(np.float32)) for k, v in tensors.items()})
        network.double()
    golden_tensors: Tensors = {}
    for index, (name, side) in enumerate((("set5/butterfly.png", 64), ("anime64/1.png", 64), ("set5/butterfly.png", 16))):
        pixels = np.asarray(read_rgb(os.path.join(images, name)), dtype=np.float32)[:side, :side]
        x = torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None] / 255
        for half in ("encoder", "decoder"):
            case = golden(halves[half], x, 60 + index)
            single = golden_in_float32(halves[half], case)
            rounding = np.linalg.norm(single - case["vjp"]) / np.linalg.norm(case["vjp"])
            x = torch.from_numpy(case["y"])
            del case["x"]  # the picture itself, which stays where it is, or the latent already kept
            case["rounding"] = np.float32(rounding).reshape(1)
            golden_tensors.update(prefixed(f"{half}{index}", case))
            print(f"{half} {name} {side}: PyTorch's float32 VJP is {rounding:.1e} from its float64 one")
    os.makedirs(out, exist_ok=True)
    safetensors_io.save(os.path.join(out, "taef2.safetensors"), golden_tensors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--taef2", help="folder of the TAEF2 weights")
    parser.add_argument("--images", help="folder of evaluation pictures")
    options = parser.parse_args()
    make_autoencoders(options.out)
    make_unets(options.out)
    make_model(options.out)
    if options.taef2 and options.images:
        make_taef2(options.out, options.taef2, options.images)


if __name__ == "__main__":
    main()
