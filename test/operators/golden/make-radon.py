"""Golden scans by scikit-image: python make-radon.py > radon.json (scikit-image 0.26, NumPy 2.4)."""

import json
import warnings

import numpy as np
from skimage.transform import iradon, radon

warnings.simplefilter("ignore")  # pixels outside the circle
rng = np.random.default_rng(3)
angles = [0.0, 17.5, 45.0, 60.0, 90.0, 121.0, 135.0, 170.0]
filters = ["ramp", "shepp-logan", "cosine", "hamming", "hann"]
digits = lambda a: [round(float(v), 10) for v in np.asarray(a).ravel()]

cases = []
for height, width, circle in [(12, 12, False), (11, 11, False), (9, 14, False), (12, 12, True), (11, 11, True), (9, 14, True)]:
    x = rng.uniform(-1, 1, (height, width))
    if circle and height == width:
        radius = height // 2
        v, u = np.mgrid[:height, :width] - radius
        x[u * u + v * v > radius**2] = 0
    cases.append({"height": height, "width": width, "circle": circle, "x": digits(x), "y": digits(radon(x, angles, circle=circle))})

backs = []
for n, circle in [(12, False), (12, True)]:
    y = rng.uniform(-1, 1, (n if circle else int(np.ceil(np.sqrt(2) * n)), len(angles)))
    for name in filters:
        x = iradon(y, angles, output_size=n, filter_name=name, circle=circle)
        backs.append({"size": n, "circle": circle, "filter": name, "y": digits(y), "x": digits(x)})

print(json.dumps({"angles": angles, "radon": cases, "iradon": backs}))
