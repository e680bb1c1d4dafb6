"""Golden values of the operators from SciPy, Pillow and plain NumPy. Run: python make.py (needs numpy, scipy, pillow)."""
import json

import numpy as np
import scipy.ndimage as nd
import scipy.sparse as sp
import scipy.sparse.linalg as sl
from PIL import Image

rng = np.random.default_rng(0)
modes = {"reflect": "mirror", "zero": "constant", "circular": "wrap"}
out = {}


def rounded(a, digits=12):
    return [float(np.format_float_positional(v, digits, fractional=False)) for v in np.asarray(a, float).ravel()]


# Blurs
x = rng.standard_normal((9, 14))
lopsided = np.array([[1, 2, 0, 3], [0, 5, 1, 0], [2, 0, 0, 1]], float) / 15
out["picture"] = {"shape": x.shape, "data": rounded(x)}
out["gaussian"] = {b: rounded(nd.gaussian_filter(x, 1.3, mode=m, truncate=4)) for b, m in modes.items()}
out["convolve"] = {b: rounded(nd.convolve(x, lopsided, mode=m)) for b, m in modes.items()}
delta = np.zeros((61, 61))
delta[30, 30] = 1
out["dpsKernelRow"] = rounded(nd.gaussian_filter(delta, 3)[30])


# Motion: the path's time on each pixel under bilinear interpolation, by brute force
def motion(length, angle, radius, n=400_000):
    t = ((np.arange(n) + 0.5) / n - 0.5) * length
    px, py = t * np.cos(np.deg2rad(angle)), -t * np.sin(np.deg2rad(angle))
    grid = np.arange(-radius[0], radius[0] + 1), np.arange(-radius[1], radius[1] + 1)
    tents = [np.maximum(0, 1 - np.abs(p[None, :] - g[:, None])) for p, g in zip((py, px), grid)]
    return tents[0] @ tents[1].T / n


out["motion"] = [
    {"length": length, "angle": angle, "height": 2 * r[0] + 1, "width": 2 * r[1] + 1, "data": rounded(motion(length, angle, r), 8)}
    for length, angle, r in ((5, 0, (0, 3)), (4.3, 30, (2, 2)), (7, 110, (4, 2)), (3, 90, (2, 0)))
]


# Reductions. The cubic of Keys with a = -1/2, written from its usual definition
def cubic(t, a=-0.5):
    t = np.abs(t)
    return np.where(
        t <= 1, (a + 2) * t**3 - (a + 3) * t**2 + 1, np.where(t < 2, a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a, 0)
    )


def resizer(x, r):
    """DPS/DAPS: cubic of width 4 stretched by r, mirrored border with the edge repeated, one axis after the other."""
    for axis in (0, 1):
        n = x.shape[axis]
        padded = np.pad(x, [(8 * r, 8 * r) if k == axis else (0, 0) for k in (0, 1)], mode="symmetric")
        rows = []
        for i in range(n // r):
            centre = (i + 0.5) * r - 0.5
            j = np.arange(int(np.floor(centre - 2 * r)) - 1, int(np.ceil(centre + 2 * r)) + 2)
            w = cubic((j - centre) / r)
            rows.append(np.tensordot(w / w.sum(), np.take(padded, j + 8 * r, axis), (0, axis)))
        x = np.stack(rows, axis)
    return x


def ddrm(x, r):
    """DDRM/DDNM: 4r taps at (i - 2r + 1/2)/r, normalised, stride r from r//2, mirrored border with the edge repeated."""
    k = cubic((np.arange(4 * r) - 2 * r + 0.5) / r)
    k = k / k.sum()
    for axis in (0, 1):
        n = x.shape[axis]
        a = np.zeros((n // r, n))
        for row, i in enumerate(range(r // 2, n, r)):
            for j in range(i - 2 * r, i + 2 * r):
                e = j
                while e < 0 or e >= n:
                    e = -e - 1 if e < 0 else 2 * n - 1 - e
                a[row, e] += k[j - i + 2 * r]
        x = np.moveaxis(np.tensordot(a, x, (1, axis)), 0, axis)
    return x


def uniform_ddrm(x, taps):
    """DDRM's separable blur with its quirk: taps from i - k//2 to i + k//2 exclusive, zero border."""
    for axis in (0, 1):
        n = x.shape[axis]
        a = np.zeros((n, n))
        for i in range(n):
            for j in range(max(0, i - taps // 2), min(n, i + taps // 2)):
                a[i, j] = 1 / taps
        x = np.moveaxis(np.tensordot(a, x, (1, axis)), 0, axis)
    return x


z = rng.standard_normal((12, 24))
out["large"] = {"shape": z.shape, "data": rounded(z)}
out["bicubic"] = {str(r): rounded(resizer(z, r)) for r in (2, 3, 4, 6)}
out["bicubic-ddrm"] = {str(r): rounded(ddrm(z, r)) for r in (2, 3, 4)}
pillow = Image.fromarray(z.astype(np.float32))
out["bicubic-pillow"] = {
    str(r): rounded(np.asarray(pillow.resize((24 // r, 12 // r), Image.Resampling.BICUBIC)), 8) for r in (2, 3, 4)
}
out["box"] = {str(r): rounded(z.reshape(12 // r, r, 24 // r, r).mean((1, 3))) for r in (2, 3, 4)}
out["enlarged"] = rounded(
    np.asarray(Image.fromarray(x.astype(np.float32)).resize((28, 18), Image.Resampling.BICUBIC)), 8
)
out["uniformQuirk"] = rounded(uniform_ddrm(z, 9))

# Filling: Laplace's equation with free borders, and the distance to the nearest known pixel
known = rng.random((16, 19)) < 0.25
known[4:11, 5:14] = False
holed = nd.gaussian_filter(rng.standard_normal(known.shape), 2) * 4
h, w = known.shape
index = np.arange(h * w).reshape(h, w)
a, b = sp.lil_matrix((h * w, h * w)), np.zeros(h * w)
for i in range(h):
    for j in range(w):
        k = index[i, j]
        if known[i, j]:
            a[k, k], b[k] = 1, holed[i, j]
            continue
        for p, q in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
            if 0 <= p < h and 0 <= q < w:
                a[k, k] += 1
                a[k, index[p, q]] -= 1
out["fill"] = {
    "shape": known.shape,
    "known": known.astype(int).ravel().tolist(),
    "data": rounded(np.where(known, holed, 0)),
    "harmonic": rounded(sl.spsolve(a.tocsr(), b)),
    "distance": rounded(nd.distance_transform_edt(~known)),
}
json.dump(out, open("operators.json", "w"))
