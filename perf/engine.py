"""PyTorch's side of perf/engine.ts: the same networks, weights and inputs, timed on request.

One JSON request a line on standard input, one JSON answer a line on standard output. Needs nothing but torch.
"""

import functools
import json
import math
import resource
import struct
import sys
import time

import torch
import torch.nn.functional as F

LEVELS = [64, 128, 128]


def load(path):
    """Tensors of a safetensors file."""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = bytearray(file.read())
    header.pop("__metadata__", None)
    flat = torch.frombuffer(data, dtype=torch.float32)
    weights = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        weights[name] = flat[begin // 4 : end // 4].reshape(entry["shape"]).clone()
    return weights


def edm(f):
    def denoise(x, sigma):
        total = (sigma**2 + 0.25).sqrt()
        return x * (0.25 / total**2) + f(x / total, sigma.log() / 4) * (sigma * 0.5 / total)

    return denoise


def unet(w):
    conv = lambda x, n, s=1: F.conv2d(x, w[n + ".weight"], w[n + ".bias"], s, (w[n + ".weight"].shape[2] - 1) // 2)
    linear = lambda x, n: F.linear(x, w[n + ".weight"], w[n + ".bias"])
    norm = lambda x, n: F.group_norm(x, 32, w[n + ".weight"], w[n + ".bias"], 1e-6)

    def block(x, e, n):
        h = conv(F.silu(norm(x, n + ".norm1")), n + ".conv1") + linear(F.silu(e), n + ".emb")[:, :, None, None]
        h = conv(F.silu(norm(h, n + ".norm2")), n + ".conv2")
        return h + (conv(x, n + ".skip") if n + ".skip.weight" in w else x)

    def attend(x, n):
        b, c, height, width = x.shape
        q, k, v = conv(norm(x, n + ".norm"), n + ".qkv").reshape(b, 3, c, height * width).transpose(2, 3).unbind(1)
        if hasattr(F, "scaled_dot_product_attention"):
            y = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
        else:
            y = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(c), -1) @ v
        return x + conv(y.transpose(1, 2).reshape(b, c, height, width), n + ".out")

    half = LEVELS[0] // 2
    frequencies = 1000 * 1e-4 ** (torch.arange(half) / half)

    def f(u, noise):
        angles = noise.reshape(1, 1) * frequencies[None]
        e = linear(F.silu(linear(torch.cat([angles.cos(), angles.sin()], 1), "emb1")), "emb2")
        h = conv(u, "stem")
        skips = [h]
        for level in range(3):
            for k in range(2):
                h = block(h, e, f"down{level}.{k}")
                skips.append(h)
            if level < 2:
                h = conv(h, f"down{level}.sample", 2)
                skips.append(h)
        h = block(attend(block(h, e, "mid0"), "mid1"), e, "mid2")
        for level in (2, 1, 0):
            for k in range(3):
                h = block(torch.cat([h, skips.pop()], 1), e, f"up{level}.{k}")
            if level > 0:
                h = conv(F.interpolate(h, scale_factor=2.0, mode="nearest"), f"up{level}.sample")
        return conv(F.silu(norm(h, "last")), "head")

    return edm(f)


def natural(w):
    conv = lambda x, n: F.conv2d(x, w[n + ".weight"], w[n + ".bias"], padding=(w[n + ".weight"].shape[2] - 1) // 2)
    linear = lambda x, n: F.linear(x, w[n + ".weight"], w[n + ".bias"])

    def stack(x, n):
        k = 0
        while f"{n}.{k}.conv1.weight" in w:
            x = x + conv(F.relu(conv(x, f"{n}.{k}.conv1")), f"{n}.{k}.conv2")
            k += 1
        return x

    def f(u, noise):
        e = linear(F.silu(linear(noise.reshape(1, 1), "emb1")), "emb2")
        deep = F.pixel_unshuffle(u, 2)
        channels = e[:, :, None, None].expand(deep.shape[0], -1, deep.shape[2], deep.shape[3])
        h0 = stack(conv(torch.cat([deep, channels], 1), "stem"), "enc0")
        h1 = stack(conv(F.pixel_unshuffle(h0, 2), "down0"), "enc1")
        m = stack(conv(F.pixel_unshuffle(h1, 2), "down1"), "mid")
        a = stack(F.pixel_shuffle(conv(m, "up1"), 2) + h1, "dec1")
        b = stack(F.pixel_shuffle(conv(a, "up0"), 2) + h0, "dec0")
        return F.pixel_shuffle(detail(deep, noise, b, conv(b, "head")), 2)

    def detail(u, noise, features, unet):
        """The second path of src/priors/detail-path.ts, where there is one."""
        if "detail.gate" not in w:
            return unet
        log_sigma = 4 * noise.reshape(1, 1, 1, 1)
        sigma = log_sigma.exp()
        total = (sigma**2 + 0.25).sqrt()
        level = (sigma / 2).expand(u.shape[0], 1, u.shape[2], u.shape[3])
        h = conv(torch.cat([(total * u + 1) / 2, level], 1), "detail.stem")
        h = F.relu(h + F.conv2d(features, w["detail.context.weight"]))
        k = 0
        while f"detail.body.{k}.weight" in w:
            h = F.relu(conv(h, f"detail.body.{k}"))
            k += 1
        picture = 2 * conv(h, "detail.head") - 1
        low, low_slope, high, high_slope = w["detail.gate"]
        weight = torch.sigmoid(low_slope * (log_sigma - low)) * torch.sigmoid(high_slope * (high - log_sigma))
        fine = (total * picture - 0.25 * u) / (0.5 * sigma) - unet
        return unet + weight * (fine - gaussian(fine.shape[2]) @ fine @ gaussian(fine.shape[3]))

    @functools.lru_cache
    def gaussian(size, std=3):  # the card's lowPass
        k = torch.arange(size, dtype=torch.float64)
        cosines = torch.cos(torch.pi * k[:, None] * (k + 0.5) / size)
        gains = torch.exp(-((torch.pi * k * std / size) ** 2) / 2) * torch.where(k == 0, 1.0, 2.0) / size
        return (cosines.T @ (gains[:, None] * cosines)).float()

    return edm(f)


def vector(path, shape):
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32).reshape(shape)


def workload(request):
    """The function to time: a forward pass, a forward pass with the VJP of v, or a run of a solver."""
    size = request["size"]
    denoise = {"unet": unet, "natural": natural}[request["network"]](load(request["weights"]))
    x, v = (vector(request[name], (1, 3, size, size)) for name in ("x", "v"))
    sigma = torch.tensor(0.7)

    def forward():
        with torch.no_grad():
            return denoise(x, sigma)

    def vjp():
        z = x.clone().requires_grad_()
        return torch.autograd.grad(denoise(z, sigma), z, v)[0]

    mask = torch.ones(1, 3, size, size)
    mask[..., size // 4 : size // 2, size // 4 : size // 2] = 0

    def solver():
        """Diffusion posterior sampling on a picture with a hole, as in the driver."""
        z, levels = x, request["levels"]
        for level, lower in zip(levels[:-1], levels[1:]):
            s = torch.tensor(level)
            z = z.clone().requires_grad_()
            x0 = denoise(z, s)
            residual = (mask * (v - x0)).square().sum().sqrt()
            (g,) = torch.autograd.grad(residual, z)
            with torch.no_grad():
                eta = 0.8 * lower
                rest = math.sqrt(lower**2 - eta**2)
                z = x0 + (rest / level) * (z - x0) + eta * torch.randn(z.shape) - 0.1 * g
        return z.detach()

    return {"forward": forward, "vjp": vjp, "solver": solver}[request["mode"]]


def answer(request):
    global work
    if request["do"] == "load":
        torch.set_num_threads(request["threads"])
        work = workload(request)
        return {"version": torch.__version__}
    if request["do"] == "output":
        with open(request["path"], "wb") as file:
            values = work().flatten().tolist()
            file.write(struct.pack(f"<{len(values)}f", *values))
        return {}
    if request["do"] == "run":
        times = []
        for _ in range(request["times"]):
            begin = time.perf_counter()
            work()
            times.append((time.perf_counter() - begin) * 1000)
        return {"ms": times}
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}


work = None
for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
