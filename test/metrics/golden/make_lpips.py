"""Golden LPIPS distances with backbone weights from a formula (no trained weights are needed to check the computation).

    pip install torch numpy && python make_lpips.py ../shared/data/weights/lpips-v0.1

The networks are written from torchvision's layer lists with PyTorch's own convolutions, in float64; heads as published.
The weights: `wave` over all numbers of a tensor, scaled like He et al. 2015; the tests make the same ones.
"""
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

HEADS = pathlib.Path(sys.argv[1])


def load_file(path):
    """The float32 tensors of a safetensors file."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    return {
        name: np.frombuffer(data, "<f4", int(np.prod(t["shape"])), 8 + length + t["data_offsets"][0]).reshape(t["shape"]).copy()
        for name, t in header.items()
    }


ALEX = [[(0, 3, 64, 11, 4, 2)], ["P3", (3, 64, 192, 5, 1, 2)], ["P3", (6, 192, 384, 3, 1, 1)], [(8, 384, 256, 3, 1, 1)], [(10, 256, 256, 3, 1, 1)]]
VGG = [
    [(0, 3, 64), (2, 64, 64)],
    ["P2", (5, 64, 128), (7, 128, 128)],
    ["P2", (10, 128, 256), (12, 256, 256), (14, 256, 256)],
    ["P2", (17, 256, 512), (19, 512, 512), (21, 512, 512)],
    ["P2", (24, 512, 512), (26, 512, 512), (28, 512, 512)],
]
VGG = [[layer if isinstance(layer, str) else (*layer, 3, 1, 1) for layer in block] for block in VGG]


def wave(n, phase):
    k = np.arange(n, dtype=np.float64)
    return np.sin(12.9898 * k + 0.5 * np.sin(78.233 * k) + phase)


def weights(blocks):
    out = {}
    for block in blocks:
        for layer in block:
            if isinstance(layer, str):
                continue
            number, cin, cout, size, _, _ = layer
            fan = cin * size * size
            w = 2 / np.sqrt(fan) * wave(cout * fan, number).reshape(cout, cin, size, size)
            b = 0.1 * wave(cout, number + 0.5)
            out[number] = (torch.from_numpy(w.astype(np.float32)).double(), torch.from_numpy(b.astype(np.float32)).double())
    return out


def picture(height, width, amount):
    c, y, x = np.meshgrid(np.arange(3), np.arange(height), np.arange(width), indexing="ij")
    base = 0.6 * np.sin(0.31 * x + 0.7 * c) * np.cos(0.23 * y) + 0.3 * np.sin(0.011 * x * y + c)
    k = np.arange(base.size).reshape(base.shape)
    image = np.clip(base + amount * np.sin(12.9898 * k + 0.5 * np.sin(78.233 * k)), -1, 1)
    return torch.from_numpy(image.astype(np.float32)).double()[None]


def features(x, blocks, table):
    shift = torch.tensor([-0.030, -0.088, -0.188], dtype=torch.float64).view(1, 3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450], dtype=torch.float64).view(1, 3, 1, 1)
    x = (x - shift) / scale
    out = []
    for block in blocks:
        for layer in block:
            if isinstance(layer, str):
                x = F.max_pool2d(x, int(layer[1]), 2)
            else:
                number, _, _, _, stride, pad = layer
                x = F.relu(F.conv2d(x, *table[number], stride=stride, padding=pad))
        out.append(x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10))
    return out


cases = []
for net, blocks in (("alex", ALEX), ("vgg", VGG)):
    table = weights(blocks)
    heads = load_file(HEADS / f"{net}.safetensors")
    for height, width, amount in [(48, 40, 0.05), (48, 40, 0.4), (65, 51, 0.2)]:
        a, b = (features(picture(height, width, s), blocks, table) for s in (0.0, amount))
        layers = [
            float(F.conv2d((p - q).square(), torch.from_numpy(heads[f"lin{i}.model.1.weight"]).double()).mean())
            for i, (p, q) in enumerate(zip(a, b))
        ]
        cases.append({"net": net, "height": height, "width": width, "amount": amount, "layers": layers, "distance": sum(layers)})
pathlib.Path(__file__).with_name("lpips.json").write_text(json.dumps(cases, indent=1) + "\n")
