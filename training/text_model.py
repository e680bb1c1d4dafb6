"""A small text-to-image model in pixels: CLIP's text encoder (Radford et al. 2021) and Stable Diffusion's U-Net, trained together.

Tensors carry the names of transformers' CLIPTextModel and of diffusers' UNet2DConditionModel. The network predicts v = alpha eps - s x0
(Salimans & Ho 2022) on the linear schedule of DDPM (Ho et al. 2020), whose largest noise level, sigma = 157 in x0 + sigma eps, leaves
nothing of a plain background's colour and is still finite.
"""

from __future__ import annotations

import math
from typing import Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.nn import functional

import stable_diffusion
from model import Architecture
from stable_diffusion import ConditionalUNet, ResnetBlock, SpatialTransformer, conditional_unet_architecture, module

STEPS = 1000
BETA_START, BETA_END = 1e-4, 0.02


def fused_attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """`stable_diffusion.attend` in one kernel."""
    q, k, v = (t.unflatten(2, (heads, -1)).transpose(1, 2) for t in (q, k, v))
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


if hasattr(functional, "scaled_dot_product_attention"):
    stable_diffusion.attend = fused_attend


def log_sigmas(device: Optional[torch.device] = None) -> Tensor:
    """ln sigma_t = ln(s_t / alpha_t), t = 0 to 999, in float64."""
    betas = torch.linspace(BETA_START, BETA_END, STEPS, dtype=torch.float64, device=device)
    alphas = torch.cumprod(1 - betas, 0)
    return 0.5 * ((1 - alphas) / alphas).log()


def time_of(log_sigma: Tensor, table: Tensor) -> Tensor:
    """The real-valued t whose linearly interpolated ln sigma is the given one, in [0, 999]."""
    above = torch.searchsorted(table, log_sigma.clamp(table[0], table[-1])).clamp(1, len(table) - 1)
    low, high = table[above - 1], table[above]
    return (above - 1 + (log_sigma - low) / (high - low)).clamp(0, len(table) - 1)


def scales(log_sigma: Tensor) -> Tuple[Tensor, Tensor]:
    """alpha and s = sqrt(1 - alpha^2)."""
    return (1 + (2 * log_sigma).exp()) ** -0.5, (1 + (-2 * log_sigma).exp()) ** -0.5


class SelfAttention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) to (N, T, C); a token sees itself and those before it."""
        q, k, v = (
            layer(x).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer in (self.q_proj, self.k_proj, self.v_proj)
        )
        scores = (q @ k.transpose(2, 3)).float() / math.sqrt(q.shape[-1])
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).triu(1)
        weights = scores.masked_fill(later, -math.inf).softmax(-1).to(v.dtype)
        return self.out_proj((weights @ v).transpose(1, 2).flatten(2))


class EncoderLayer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.self_attn = SelfAttention(width, heads)
        self.layer_norm1, self.layer_norm2 = (stable_diffusion.LayerNorm(width) for _ in range(2))
        self.mlp = module(fc1=nn.Linear(width, 4 * width), fc2=nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        h = self.mlp.fc1(self.layer_norm2(x))
        return x + self.mlp.fc2(h * torch.sigmoid(1.702 * h))


class TextEncoder(nn.Module):
    """CLIPTextModel: ids (N, T) to the states after the last norm (N, T, C)."""

    def __init__(self, vocabulary: int, length: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        tokens, positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        nn.init.normal_(tokens.weight, std=0.02)
        nn.init.normal_(positions.weight, std=0.01)
        self.text_model = module(
            embeddings=module(token_embedding=tokens, position_embedding=positions),
            encoder=module(layers=nn.ModuleList(EncoderLayer(width, heads) for _ in range(layers))),
            final_layer_norm=stable_diffusion.LayerNorm(width),
        )

    def forward(self, ids: Tensor) -> Tensor:
        model = self.text_model
        x = model.embeddings.token_embedding(ids) + model.embeddings.position_embedding.weight[: ids.shape[1]]
        for layer in model.encoder.layers:
            x = layer(x)
        return model.final_layer_norm(x)


PRESETS: Dict[str, Dict[str, Dict[str, object]]] = {
    "emoji": {
        "unet": {
            "widths": [64, 96, 160, 160],
            "layers": 1,
            "attention": [False, False, True, False],
            "heads": 4,
            "groups": 32,
        },
        "text": {"width": 160, "layers": 4, "heads": 4},
    },
    "tiny": {
        "unet": {"widths": [8, 16, 16], "layers": 1, "attention": [False, False, True], "heads": 2, "groups": 4},
        "text": {"width": 16, "layers": 1, "heads": 2},
    },
}


def text_to_image_architecture(preset: str, vocabulary: int, length: int) -> Architecture:
    """`{"unet": a conditional-unet card, "text": what TextEncoder takes}`."""
    parts = PRESETS[preset]
    unet = conditional_unet_architecture(3, context=int(parts["text"]["width"]), **parts["unet"])
    return {"unet": unet, "text": {"vocabulary": vocabulary, "length": length, **parts["text"]}}


class TextToImage(nn.Module):
    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.unet = ConditionalUNet(architecture["unet"])
        self.text_encoder = TextEncoder(**architecture["text"])

    def forward(self, x: Tensor, time: Tensor, ids: Tensor) -> Tensor:
        """v of the noisy pictures alpha x0 + s eps, (N, 3, H, W) on [-1, 1], at the times (N)."""
        return self.unet(x, time, self.text_encoder(ids))


def start_at_zero(network: TextToImage) -> TextToImage:
    """Lets every residual branch and the output add nothing at first."""
    layers: List[nn.Module] = [network.unet.conv_out]
    layers += [m.conv2 for m in network.unet.modules() if isinstance(m, ResnetBlock)]
    layers += [m.proj_out for m in network.unet.modules() if isinstance(m, SpatialTransformer)]
    for layer in layers:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    return network


def v_loss(network: nn.Module, x: Tensor, noise: Tensor, log_sigma: Tensor, time: Tensor, ids: Tensor) -> Tensor:
    """The mean squared error of v per picture (N)."""
    alpha, s = (scale[:, None, None, None] for scale in scales(log_sigma))
    noisy = (alpha * x + s * noise).contiguous(memory_format=torch.channels_last)
    return (network(noisy, time, ids).float() - (alpha * noise - s * x)).square().mean(dim=(1, 2, 3))


@torch.no_grad()
def sample(network: TextToImage, ids: Tensor, empty: Tensor, noise: Tensor, steps: int = 30, guidance: float = 2.0) -> Tensor:
    """DDIM (Song et al. 2021) with classifier-free guidance from `noise` (N, 3, H, W); `trailing` times, clipped estimates.

    The noise is what is left of x beside the clipped estimate. That beside the guided, unclipped one holds its excess the other way
    round, and plain backgrounds turn dark.
    """
    table = log_sigmas(noise.device)
    times = [round(STEPS - i * STEPS / steps) - 1 for i in range(steps)]
    alphas, scale = (values.float() for values in scales(table))
    context = network.text_encoder(torch.cat([empty.expand_as(ids), ids]))
    x = noise
    for index, t in enumerate(times):
        rows = torch.cat([x, x]).contiguous(memory_format=torch.channels_last)
        time = torch.full((len(rows),), float(t), device=x.device)
        plain, prompted = network.unet(rows, time, context).float().chunk(2)
        v = plain + guidance * (prompted - plain)
        clean = (alphas[t] * x - scale[t] * v).clamp(-1, 1)
        if index + 1 == steps:
            return clean
        eps = (x - alphas[t] * clean) / scale[t]
        u = times[index + 1]
        x = alphas[u] * clean + scale[u] * eps
    raise ValueError("expected at least one step")
