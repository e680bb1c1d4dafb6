"""Golden values for the metrics, from scikit-image 0.26 and (multi-scale SSIM) an independent SciPy formulation.

    pip install scikit-image==0.26.0 && python make.py

The pictures come from a formula that both sides evaluate in float64 (see `texture` and `damage` in the tests).
"""
import json
import pathlib

import numpy as np
from scipy import ndimage
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity


def texture(height, width, channels):
    c, y, x = np.meshgrid(np.arange(channels), np.arange(height), np.arange(width), indexing="ij")
    return 0.5 + 0.3 * np.sin(0.31 * x + 0.7 * c) * np.cos(0.23 * y) + 0.15 * np.sin(0.011 * x * y + c)


def damage(image, amount):
    k = np.arange(image.size).reshape(image.shape)
    return image + amount * np.sin(12.9898 * k + 0.5 * np.sin(78.233 * k))


def ms_ssim(a, b, data_range):
    """Wang et al. 2003 with mirrored borders cut off, by two-dimensional convolution."""
    weights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
    g = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    window = np.outer(g, g) / np.outer(g, g).sum()
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    mean = lambda v: ndimage.correlate(v, window, mode="mirror")[5:-5, 5:-5]
    result = []
    for x, y in zip(a, b):
        value = 1.0
        for scale, weight in enumerate(weights):
            mx, my = mean(x), mean(y)
            vx, vy, cxy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
            cs = (2 * cxy + c2) / (vx + vy + c2)
            s = (2 * mx * my + c1) / (mx * mx + my * my + c1) * cs
            value *= max(0.0, (s if scale == 4 else cs).mean()) ** weight
            pad = [(0, n % 2) for n in x.shape]
            x, y = (np.pad(v, pad, mode="edge") for v in (x, y))
            x, y = (v.reshape(v.shape[0] // 2, 2, v.shape[1] // 2, 2).mean(axis=(1, 3)) for v in (x, y))
        result.append(value)
    return float(np.mean(result))


cases = []
for height, width, channels, amount, data_range in [
    (11, 11, 1, 0.1, 1.0),
    (24, 37, 1, 0.02, 1.0),
    (40, 31, 3, 0.2, 1.0),
    (64, 48, 3, 0.05, 2.0),
    (33, 50, 3, 1.5, 1.0),
    (33, 50, 3, 0.6, 255.0),
    (161, 176, 1, 0.1, 1.0),
    (175, 163, 3, 0.3, 1.0),
]:
    a = texture(height, width, channels)
    b = damage(a, amount)
    case = {
        "height": height, "width": width, "channels": channels, "amount": amount, "dataRange": data_range,
        "mse": float(mean_squared_error(a, b)),
        "psnr": float(peak_signal_noise_ratio(a, b, data_range=data_range)),
        "gaussian": float(structural_similarity(a, b, data_range=data_range, channel_axis=0, gaussian_weights=True,
                                                sigma=1.5, use_sample_covariance=False)),
        "uniform": float(structural_similarity(a, b, data_range=data_range, channel_axis=0)),
    }
    if min(height, width) >= 161:
        case["msSsim"] = ms_ssim(a, b, data_range)
    cases.append(case)
pathlib.Path(__file__).with_name("metrics.json").write_text(json.dumps(cases, indent=1) + "\n")
