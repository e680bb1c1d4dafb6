"""The networks of latent diffusion (Rombach et al. 2022), under the names of Stable Diffusion 1's weights in Diffusers' layout.

`AutoencoderKL` (and its vector-quantised sister) and `ConditionalUNet`, any size. The library builds the same ones from their cards.
"""

from __future__ import annotations

import math
from typing import Dict, List, Optional

import torch
from torch import Tensor, nn
from torch.nn import functional

from model import Architecture


def module(**parts: nn.Module) -> nn.Module:
    """A bare container whose children carry the given names."""
    container = nn.Module()
    for name, part in parts.items():
        container.add_module(name, part)
    return container


class GroupNorm(nn.GroupNorm):
    """In the precision of its weights, also under autocast, where a CPU refuses to mix types."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(self.weight.dtype))


class LayerNorm(nn.LayerNorm):
    """Likewise."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.to(self.weight.dtype))


class ResnetBlock(nn.Module):
    def __init__(self, width: int, out: int, groups: int, eps: float, embedded: int = 0) -> None:
        super().__init__()
        self.norm1 = GroupNorm(groups, width, eps)
        self.conv1 = nn.Conv2d(width, out, 3, padding=1)
        if embedded:
            self.time_emb_proj = nn.Linear(embedded, out)
        self.norm2 = GroupNorm(groups, out, eps)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        if width != out:
            self.conv_shortcut = nn.Conv2d(width, out, 1)

    def forward(self, x: Tensor, embedding: Optional[Tensor] = None) -> Tensor:
        h = self.conv1(functional.silu(self.norm1(x)))
        if embedding is not None:
            h = h + self.time_emb_proj(functional.silu(embedding))[:, :, None, None]
        h = self.conv2(functional.silu(self.norm2(h)))
        return (self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x) + h


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Scaled dot-product attention of (N, T, C) tokens."""
    q, k, v = (t.unflatten(2, (heads, -1)).transpose(1, 2) for t in (q, k, v))
    scores = (q @ k.transpose(2, 3)) / math.sqrt(q.shape[-1])
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2)


class SpatialAttention(nn.Module):
    def __init__(self, width: int, groups: int, eps: float) -> None:
        super().__init__()
        self.group_norm = GroupNorm(groups, width, eps)
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x: Tensor) -> Tensor:
        h = self.group_norm(x).flatten(2).transpose(1, 2)
        h = self.to_out[0](attend(self.to_q(h), self.to_k(h), self.to_v(h), 1))
        return x + h.transpose(1, 2).reshape(x.shape)


class Downsample(nn.Module):
    """Autoencoders pad at the bottom and right alone, denoisers all around."""

    def __init__(self, width: int, end: bool) -> None:
        super().__init__()
        self.end = end
        self.conv = nn.Conv2d(width, width, 3, stride=2, padding=0 if end else 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.pad(x, (0, 1, 0, 1)) if self.end else x)


class Upsample(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.interpolate(x, scale_factor=2.0, mode="nearest"))


class Half(nn.Module):
    """Encoder or decoder of AutoencoderKL."""

    def __init__(self, kind: str, inputs: int, outputs: int, widths: List[int], layers: int, groups: int) -> None:
        super().__init__()
        eps = 1e-6
        encoder = kind == "encoder"
        order = widths if encoder else widths[::-1]
        self.conv_in = nn.Conv2d(inputs, order[0], 3, padding=1)
        levels = nn.ModuleList()
        before = order[0]
        for index, width in enumerate(order):
            resnets = nn.ModuleList()
            for _ in range(layers if encoder else layers + 1):
                resnets.append(ResnetBlock(before, width, groups, eps))
                before = width
            level = module(resnets=resnets)
            if index < len(order) - 1:
                name, part = ("downsamplers", Downsample(width, True)) if encoder else ("upsamplers", Upsample(width))
                level.add_module(name, nn.ModuleList([part]))
            levels.append(level)
        self.add_module("down_blocks" if encoder else "up_blocks", levels)
        waist = widths[-1]
        self.mid_block = module(
            resnets=nn.ModuleList(ResnetBlock(waist, waist, groups, eps) for _ in range(2)),
            attentions=nn.ModuleList([SpatialAttention(waist, groups, eps)]),
        )
        self.conv_norm_out = GroupNorm(groups, before, eps)
        self.conv_out = nn.Conv2d(before, outputs, 3, padding=1)

    def middle(self, x: Tensor) -> Tensor:
        first, second = self.mid_block.resnets
        return second(self.mid_block.attentions[0](first(x)))

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv_in(x)
        if hasattr(self, "up_blocks"):
            h = self.middle(h)
        for level in self.up_blocks if hasattr(self, "up_blocks") else self.down_blocks:
            for resnet in level.resnets:
                h = resnet(h)
            for name in ("downsamplers", "upsamplers"):
                if hasattr(level, name):
                    h = getattr(level, name)[0](h)
        if hasattr(self, "down_blocks"):
            h = self.middle(h)
        return self.conv_out(functional.silu(self.conv_norm_out(h)))


class AutoencoderKL(nn.Module):
    """The card `{"type": "autoencoder-kl" | "autoencoder-vq", channels, latents, widths, layers, groups[, entries]}`."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        channels, latents, layers, groups = (int(architecture[k]) for k in ("channels", "latents", "layers", "groups"))
        widths: List[int] = list(architecture["widths"])
        self.vq = architecture["type"] == "autoencoder-vq"
        moments = latents if self.vq else 2 * latents
        self.encoder = Half("encoder", channels, moments, widths, layers, groups)
        self.quant_conv = nn.Conv2d(moments, moments, 1)
        self.post_quant_conv = nn.Conv2d(latents, latents, 1)
        self.decoder = Half("decoder", latents, channels, widths, layers, groups)
        if self.vq:
            self.quantize = module(embedding=nn.Embedding(int(architecture["entries"]), latents))

    def moments(self, x: Tensor) -> Tensor:
        """Mean and log variance one after the other (KL), or the latents before they are quantised (VQ)."""
        return self.quant_conv(self.encoder(x))

    def decode(self, z: Tensor) -> Tensor:
        if self.vq:
            book = self.quantize.embedding.weight
            vectors = z.permute(0, 2, 3, 1)
            nearest = (vectors[..., None, :] - book).square().sum(-1).argmin(-1)
            z = z + (book[nearest].permute(0, 3, 1, 2) - z).detach()
        return self.decoder(self.post_quant_conv(z))


class CrossAttention(nn.Module):
    def __init__(self, width: int, context: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k, self.to_v = (nn.Linear(context, width, bias=False) for _ in range(2))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self.to_out[0](attend(self.to_q(x), self.to_k(context), self.to_v(context), self.heads))


class TransformerBlock(nn.Module):
    def __init__(self, width: int, context: int, heads: int) -> None:
        super().__init__()
        self.norm1 = LayerNorm(width)
        self.attn1 = CrossAttention(width, width, heads)
        if context:
            self.norm2 = LayerNorm(width)
            self.attn2 = CrossAttention(width, context, heads)
        self.norm3 = LayerNorm(width)
        gate = module(proj=nn.Linear(width, 8 * width))
        self.ff = module(net=nn.ModuleList([gate, nn.Identity(), nn.Linear(4 * width, width)]))

    def forward(self, x: Tensor, context: Optional[Tensor]) -> Tensor:
        h = self.norm1(x)
        x = x + self.attn1(h, h)
        if hasattr(self, "attn2"):
            x = x + self.attn2(self.norm2(x), context)
        value, gate = self.ff.net[0].proj(self.norm3(x)).chunk(2, dim=-1)
        return x + self.ff.net[2](value * functional.gelu(gate))


class SpatialTransformer(nn.Module):
    def __init__(self, width: int, context: int, heads: int, groups: int) -> None:
        super().__init__()
        self.norm = GroupNorm(groups, width, 1e-6)
        self.proj_in = nn.Conv2d(width, width, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, context, heads)])
        self.proj_out = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor, context: Optional[Tensor]) -> Tensor:
        h = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)
        h = self.transformer_blocks[0](h, context)
        return x + self.proj_out(h.transpose(1, 2).reshape(x.shape))


def sinusoidal(time: Tensor, width: int) -> Tensor:
    half = width // 2
    frequencies = torch.exp(-math.log(10000) * torch.arange(half, dtype=time.dtype, device=time.device) / half)
    angle = time[:, None] * frequencies
    return torch.cat([angle.cos(), angle.sin()], dim=1)


def conditional_unet_architecture(
    channels: int,
    widths: List[int],
    layers: int,
    attention: List[bool],
    heads: int,
    groups: int = 32,
    context: int = 0,
    classes: int = 0,
) -> Architecture:
    architecture: Architecture = {
        "type": "conditional-unet",
        "channels": channels,
        "widths": widths,
        "layers": layers,
        "attention": attention,
        "heads": heads,
        "groups": groups,
        "multiple": 2 ** (len(widths) - 1),
    }
    optional: Dict[str, int] = {"context": context, "classes": classes}
    return {**architecture, **{name: value for name, value in optional.items() if value}}


class ConditionalUNet(nn.Module):
    """The card `{"type": "conditional-unet", ...}`; called as the other denoisers, F(u, c_noise[, context, label])."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        widths: List[int] = list(architecture["widths"])
        attention: List[bool] = list(architecture["attention"])
        channels, layers, groups, heads = (int(architecture[k]) for k in ("channels", "layers", "groups", "heads"))
        context, classes = (int(architecture.get(k, 0)) for k in ("context", "classes"))
        embedded = 4 * widths[0]
        last = len(widths) - 1
        self.frequencies = widths[0]
        self.time_embedding = module(linear_1=nn.Linear(widths[0], embedded), linear_2=nn.Linear(embedded, embedded))
        if classes:
            self.class_embedding = nn.Embedding(classes, embedded)
        self.conv_in = nn.Conv2d(channels, widths[0], 3, padding=1)

        def resnet(width: int, out: int) -> ResnetBlock:
            return ResnetBlock(width, out, groups, 1e-5, embedded)

        def transformers(width: int, count: int) -> nn.ModuleList:
            return nn.ModuleList(SpatialTransformer(width, context, heads, groups) for _ in range(count))

        self.down_blocks = nn.ModuleList()
        skips = [widths[0]]
        before = widths[0]
        for level, width in enumerate(widths):
            block = module(resnets=nn.ModuleList(resnet(before if j == 0 else width, width) for j in range(layers)))
            if attention[level]:
                block.add_module("attentions", transformers(width, layers))
            skips += [width] * layers
            if level < last:
                block.add_module("downsamplers", nn.ModuleList([Downsample(width, False)]))
                skips.append(width)
            before = width
            self.down_blocks.append(block)
        self.mid_block = module(
            resnets=nn.ModuleList(resnet(widths[-1], widths[-1]) for _ in range(2)), attentions=transformers(widths[-1], 1)
        )
        self.up_blocks = nn.ModuleList()
        for level in reversed(range(len(widths))):
            width = widths[level]
            resnets = nn.ModuleList()
            for _ in range(layers + 1):
                resnets.append(resnet(before + skips.pop(), width))
                before = width
            block = module(resnets=resnets)
            if attention[level]:
                block.add_module("attentions", transformers(width, layers + 1))
            if level > 0:
                block.add_module("upsamplers", nn.ModuleList([Upsample(width)]))
            self.up_blocks.append(block)
        self.conv_norm_out = GroupNorm(groups, widths[0], 1e-5)
        self.conv_out = nn.Conv2d(widths[0], channels, 3, padding=1)

    def forward(
        self, u: Tensor, c_noise: Tensor, context: Optional[Tensor] = None, label: Optional[Tensor] = None
    ) -> Tensor:
        e = self.time_embedding.linear_1(sinusoidal(c_noise, self.frequencies))
        e = self.time_embedding.linear_2(functional.silu(e))
        if label is not None:
            e = e + self.class_embedding(label)
        h = self.conv_in(u)
        skips = [h]
        for block in self.down_blocks:
            for index, resnet in enumerate(block.resnets):
                h = resnet(h, e)
                if hasattr(block, "attentions"):
                    h = block.attentions[index](h, context)
                skips.append(h)
            if hasattr(block, "downsamplers"):
                h = block.downsamplers[0](h)
                skips.append(h)
        first, second = self.mid_block.resnets
        h = second(self.mid_block.attentions[0](first(h, e), context), e)
        for block in self.up_blocks:
            for index, resnet in enumerate(block.resnets):
                h = resnet(torch.cat([h, skips.pop()], dim=1), e)
                if hasattr(block, "attentions"):
                    h = block.attentions[index](h, context)
            if hasattr(block, "upsamplers"):
                h = block.upsamplers[0](h)
        return self.conv_out(functional.silu(self.conv_norm_out(h)))
