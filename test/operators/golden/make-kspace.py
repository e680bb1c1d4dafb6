"""Golden k-spaces and magnitudes by NumPy: python make-kspace.py > kspace.json (NumPy 2.4)."""

import json

import numpy as np

rng = np.random.default_rng(5)
digits = lambda a: [round(float(v), 12) for v in np.asarray(a).ravel()]
centred = lambda x: np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(x, axes=(-2, -1)), norm="ortho"), axes=(-2, -1))

scans = []
for height, width in [(6, 8), (5, 7)]:
    x = rng.uniform(-1, 1, (height, width)) + 1j * rng.uniform(-1, 1, (height, width))
    maps = rng.normal(size=(3, height, width)) + 1j * rng.normal(size=(3, height, width))
    unit = maps / np.sqrt((abs(maps) ** 2).sum(0))
    mask = rng.uniform(size=(height, width)) < 0.5
    scans.append({
        "height": height, "width": width, "mask": [int(v) for v in mask.ravel()],
        "maps": {"re": digits(maps.real), "im": digits(maps.imag)},
        "x": {"re": digits(x.real), "im": digits(x.imag)},
        "single": {"re": digits(mask * centred(x).real), "im": digits(mask * centred(x).imag)},
        "multi": {"re": digits(mask * centred(unit * x).real), "im": digits(mask * centred(unit * x).imag)},
    })

magnitudes = []
for height, width in [(8, 12), (9, 10)]:
    x = rng.uniform(-1, 1, (height, width))
    pads = [(int(0.25 * height),) * 2, (int(0.25 * width),) * 2]
    y = lambda u: digits(abs(centred(np.pad(u, pads))))
    magnitudes.append({"height": height, "width": width, "x": digits(x), "signed": y(x), "unit": y((x + 1) / 2)})

print(json.dumps({"scans": scans, "magnitudes": magnitudes}))
