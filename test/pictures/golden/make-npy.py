"""Writes the arrays of test/images/golden/npy.json: each file in base64 beside the numbers it holds."""
import base64, io, json, sys
import numpy as np

def file(a, **kw):
    b = io.BytesIO(); np.save(b, a, **kw); return base64.b64encode(b.getvalue()).decode()

base = np.arange(6).reshape(2, 3) - 2.5
cases = {
    "float32": base.astype("<f4"), "float64": base.astype("<f8"), "big-endian": base.astype(">f4"),
    "half": np.array([0.5, -2, 65504, 6e-8, np.inf], "<f2"), "fortran": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "uint8": np.array([0, 255], "u1"), "int16": np.array([-300, 300], "<i2"), "int64": np.array([2**40, -1], "<i8"), "bool": np.array([True, False]),
    "scalar": np.array(3.5), "empty": np.zeros((0, 3), "<f4"),
}
out = {}
for name, a in cases.items():
    out[name] = {"file": file(a), "shape": list(a.shape), "values": [float(v) if np.isfinite(v) else str(v) for v in np.ascontiguousarray(a).ravel()]}
c = (np.arange(12) + 1j * np.arange(12)[::-1]).reshape(2, 2, 3)
for name, a in {"complex64": c.astype("c8"), "complex128": c, "complex, fortran": np.asfortranarray(c)}.items():
    parts = np.stack([c.real, c.imag], axis=1)
    out[name] = {"file": file(a), "shape": list(parts.shape), "values": parts.ravel().tolist()}
v = np.array([1 + 2j, 3 - 4j], "c8")
out["complex vector"] = {"file": file(v), "shape": [2, 2], "values": [1, 3, 2, -4]}
out["text"] = {"file": file(np.array(["a"])), "error": "unsupported"}
json.dump(out, sys.stdout, indent=1)
