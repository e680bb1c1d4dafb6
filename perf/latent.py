"""PyTorch's side of perf/latent.ts: encoder, decoder and denoiser of a latent model, or TAEF2, timed on request.

One JSON request a line on standard input, one JSON answer a line on standard output. The networks are those of training/.
"""

import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../training"))

import numpy as np
import torch

import safetensors_io
from export import load_autoencoder, load_weights, read_card
from train_latent import build_denoiser


def taef2_halves(folder):
    from make_latent_golden import taef2

    halves = {
        "encoder": taef2("c b s bbb s bbb s BBB c", 3, 32),
        "decoder": taef2("t c r BBB u c bbb u c bbb u c b c", 32, 3),
    }
    for name, network in halves.items():
        tensors, _ = safetensors_io.load(os.path.join(folder, f"taef2_{name}.safetensors"))
        network.load_state_dict({k: torch.from_numpy(v.astype(np.float32)) for k, v in tensors.items()})
    return halves


def model_parts(folder):
    path = os.path.join(folder, "card.json")
    card = read_card(path)
    autoencoder = load_autoencoder(path)
    weights = card["weights"]
    network = load_weights(build_denoiser(card["architecture"]), os.path.join(folder, weights["file"]), weights["sha256"])
    time_of = torch.tensor([0.1])
    return {
        "encoder": autoencoder.encoder,
        "decoder": autoencoder.decoder,
        "denoiser": lambda z: network(z, time_of),
    }


def main():
    function = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "load":
            torch.set_num_threads(request["threads"])
            parts = taef2_halves(request["folder"]) if request["model"] == "taef2" else model_parts(request["folder"])
            part = parts[request["part"]]
            if hasattr(part, "parameters"):
                part.requires_grad_(False)
            x = torch.randn(request["shape"], generator=torch.Generator().manual_seed(0))

            def function(part=part, x=x, vjp=request["vjp"]):
                if not vjp:
                    with torch.no_grad():
                        return part(x)
                x = x.detach().requires_grad_()
                y = part(x)
                return torch.autograd.grad(y, x, torch.ones_like(y))

            function()
            answer = {}
        else:
            times = []
            for _ in range(request["times"]):
                begin = time.perf_counter()
                function()
                times.append((time.perf_counter() - begin) * 1000)
            answer = {"ms": times}
        print(json.dumps(answer), flush=True)


main()
