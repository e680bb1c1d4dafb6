"""Trains the pixel prior on folders of pictures and exports it for the library.

    python3 train_prior.py --data photos --out runs/mine --iterations 30000 --threads 2

The run can be killed at any time and goes on with the same command: one checkpoint holds the weights, the average, the optimizer and
the iteration, and all randomness is a function of (seed, iteration).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

import safetensors_io
from data import DEFAULT_SCALES, CropSource, Prefetch, center_multiple, list_images
from evaluate_prior import denoising_psnr
from export import SIGMA_MAX, SIGMA_MIN, export_prior, write_json
from model import ShuffleUNet, edm_loss, grow_from, shuffle_unet_architecture
from muon import Muon

PRESETS: Dict[str, Dict[str, List[int]]] = {
    "natural": {"widths": [48, 96, 160], "blocks": [4, 4, 6], "embedding": [64, 8]},
    "natural-small": {"widths": [48, 96, 160], "blocks": [2, 2, 4], "embedding": [64, 8]},
    "tiny": {"widths": [8, 16], "blocks": [1, 1], "embedding": [8, 4]},
}
VALIDATION_SIGMAS = (0.0392, 0.1176, 0.1961, 0.3922, 0.7843, 2.0, 10.0)  # the first five: 5, 15, 25, 50, 100 of 255


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--data", nargs="+", required=True, help="folders of training pictures")
    add("--validation", nargs="*", default=[], help="folders of held-out pictures for the curve; never trained on")
    add("--out", required=True, help="folder of the run: checkpoint, curve, export")
    add("--preset", choices=sorted(PRESETS), default="natural", help="architecture")
    add("--widths", type=int, nargs="+", help="channels per level, instead of the preset's")
    add("--blocks", type=int, nargs="+", help="residual blocks per level, instead of the preset's")
    add("--init", help="weights.safetensors of an equal or smaller network of the same type to start from")
    add("--iterations", type=int, default=100_000, help="length of the cosine; may be changed when resuming")
    add("--stop-at", type=int, help="leave at this iteration as a kill would, without an export")
    add("--minutes", type=float, help="leave after this long, likewise")
    add("--batch", type=int, default=16)
    add("--patch", type=int, default=96, help="side of a crop in pixels, a multiple of 2^levels")
    add("--scales", type=float, nargs="+", default=list(DEFAULT_SCALES), help="scales at which pictures are cropped")
    add("--lr", type=float, default=1e-3)
    add("--warmup", type=int, default=500, help="iterations")
    add("--optimizer", choices=["muon", "adamw"], default="muon", help="of the hidden convolutions; the rest has AdamW")
    add("--weight-decay", type=float, default=0.0, help="of AdamW")
    add("--ema", type=float, default=0.999, help="decay of the averaged weights, which are what is exported")
    add("--sigma-mean", type=float, default=-1.6, help="mean of ln sigma")
    add("--sigma-std", type=float, default=1.5, help="standard deviation of ln sigma")
    add("--uniform-share", type=float, default=0.15, help="share of noise levels drawn log-uniformly over the whole range")
    add("--clip", type=float, default=1.0, help="largest norm of the gradient")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads; the result does not depend on them")
    add("--chunk", type=int, default=4, help="images that a CPU thread takes at a time")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--precision", choices=["bf16", "float32"], default="bf16")
    add("--compile", action="store_true", help="torch.compile the network (PyTorch 2)")
    add("--checkpoint-minutes", type=float, default=3)
    add("--log-every", type=int, default=50)
    add("--validate-every", type=int, default=1000)
    add("--details", help="JSON file with name, description, licence and data for the card")
    return parser.parse_args(arguments)


def noise_levels(options: argparse.Namespace, random: torch.Generator, count: int) -> Tensor:
    """Stratified draws: one noise level in each count-th part of the distribution, which calms the loss of small batches."""
    wide = round(options.uniform_share * count)
    offsets = torch.rand(count, generator=random, dtype=torch.float64)

    def strata(start: int, number: int) -> Tensor:
        return (torch.arange(number) + offsets[start : start + number]) / max(number, 1)

    low, high = math.log(SIGMA_MIN), math.log(SIGMA_MAX)
    uniform = low + (high - low) * strata(0, wide)
    normal = options.sigma_mean + options.sigma_std * torch.special.ndtri(strata(wide, count - wide).clamp(1e-9, 1 - 1e-9))
    return torch.cat([uniform, normal]).clamp(low, high).exp().float()


def make_optimizers(network: nn.Module, options: argparse.Namespace) -> List[torch.optim.Optimizer]:
    """Muon for the convolutions between stem and head, AdamW for the rest, or AdamW for all."""
    hidden, rest = [], []
    for name, parameter in network.named_parameters():
        inner = parameter.dim() == 4 and name.split(".")[0] not in ("stem", "head")
        (hidden if inner and options.optimizer == "muon" else rest).append(parameter)
    adamw = torch.optim.AdamW(rest, lr=options.lr, betas=(0.9, 0.99), weight_decay=options.weight_decay)
    return [adamw, Muon(hidden, lr=options.lr)] if hidden else [adamw]


class Trainer:
    """The state of a run: everything that changes with an iteration lives here and in one checkpoint."""

    def __init__(self, options: argparse.Namespace) -> None:
        preset = PRESETS[options.preset]
        self.options = options
        self.architecture = shuffle_unet_architecture(
            options.widths or preset["widths"], options.blocks or preset["blocks"], preset["embedding"]
        )
        multiple = int(self.architecture["multiple"])
        if options.patch % multiple:
            raise ValueError(f"expected --patch to be a multiple of {multiple}, got {options.patch}")
        self.device = torch.device(options.device)
        torch.backends.cudnn.benchmark = True
        torch.manual_seed(options.seed)
        network = ShuffleUNet(self.architecture)
        if options.init:
            weights, _ = safetensors_io.load(options.init)
            copied, new = grow_from(network, weights)
            print(f"started from {options.init}: {copied} tensors copied, {new} new", flush=True)
        self.network: nn.Module = network.to(self.device).to(memory_format=torch.channels_last)
        # The network has no buffers: its parameters are its state.
        self.average: Dict[str, Tensor] = {k: v.detach().clone() for k, v in self.network.named_parameters()}
        self.optimizers = make_optimizers(self.network, options)
        self.forward: nn.Module = torch.compile(self.network) if options.compile else self.network
        self.iteration = 0
        self.seconds = 0.0
        self.checkpoint_path = os.path.join(options.out, "checkpoint.pt")
        if os.path.exists(self.checkpoint_path):
            self.restore()
        source = CropSource(list_images(options.data), options.patch, options.scales)
        self.batches = Prefetch(source, options.seed, options.batch)
        workers = 1 if self.device.type == "cuda" else options.threads
        self.pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))

    def restore(self) -> None:
        state = torch.load(self.checkpoint_path, map_location=self.device)
        if state["architecture"] != self.architecture:
            raise ValueError(f"{self.checkpoint_path} holds {state['architecture']}, the options ask for {self.architecture}")
        self.network.load_state_dict(state["network"])
        self.average = {name: state["average"][name].clone() for name in self.average}
        for optimizer, saved in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        self.iteration, self.seconds = state["iteration"], state["seconds"]
        print(f"resumed at iteration {self.iteration}", flush=True)

    def save(self) -> None:
        state = {
            "architecture": self.architecture,
            "network": self.network.state_dict(),
            "average": self.average,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "iteration": self.iteration,
            "seconds": self.seconds,
        }
        torch.save(state, self.checkpoint_path + ".tmp")
        os.replace(self.checkpoint_path + ".tmp", self.checkpoint_path)

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine to zero."""
        step, total, warmup = self.iteration, self.options.iterations, self.options.warmup
        rise = min(1.0, (step + 1) / max(warmup, 1))
        progress = min(1.0, max(0, step - warmup) / max(1, total - warmup))
        return self.options.lr * rise * 0.5 * (1 + math.cos(math.pi * progress))

    def gradient(self, clean: Tensor, sigma: Tensor, noise: Tensor) -> Tuple[Tensor, Tuple[Tensor, ...]]:
        """Summed loss and its gradient on a part of a batch.

        On a CPU whole parts run side by side on single-threaded workers: they meet once an iteration and not at every layer, which
        also keeps a run at low priority on a busy machine going.
        """
        enabled = self.options.precision == "bf16"
        # The cache of casts is shared between threads and every weight is used once: no cache.
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=enabled, cache_enabled=False):
            loss = edm_loss(self.forward, clean, sigma, noise).sum()
        return loss.detach(), torch.autograd.grad(loss, list(self.network.parameters()))

    def step(self) -> Tensor:
        """One iteration; returns the mean weighted loss of its batch, still on the device so that a GPU is not waited for."""
        options = self.options
        started = time.monotonic()
        random = torch.Generator().manual_seed(options.seed * 1_000_000_007 + self.iteration)
        sigma = noise_levels(options, random, options.batch).to(self.device)
        crops = torch.from_numpy(self.batches.get(self.iteration)).to(self.device)
        clean = crops.permute(0, 3, 1, 2).float() / 127.5 - 1
        if self.device.type == "cuda":
            random = torch.Generator(self.device).manual_seed(options.seed * 1_000_000_007 + self.iteration)
        noise = torch.randn(clean.shape, generator=random, device=self.device)
        rate = self.learning_rate()
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        size = options.batch if self.device.type == "cuda" else options.chunk
        parts = list(self.pool.map(self.gradient, *(tensor.split(size) for tensor in (clean, sigma, noise))))
        # Summed in the order of the batch, whichever thread was first.
        for index, parameter in enumerate(self.network.parameters()):
            parameter.grad = sum((gradients[index] for _, gradients in parts[1:]), parts[0][1][index]) / options.batch
        nn.utils.clip_grad_norm_(self.network.parameters(), options.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.iteration += 1
        # A short memory at first, so that the average does not drag the random start along.
        decay = min(options.ema, (1 + self.iteration) / (10 + self.iteration))
        with torch.no_grad():
            average = list(self.average.values())
            torch._foreach_mul_(average, decay)
            torch._foreach_add_(average, [p.detach() for p in self.network.parameters()], alpha=1 - decay)
        self.seconds += time.monotonic() - started
        return torch.stack([loss for loss, _ in parts]).sum() / options.batch

    def averaged_network(self) -> nn.Module:
        network = ShuffleUNet(self.architecture).to(self.device).to(memory_format=torch.channels_last)
        network.load_state_dict(self.average)
        return network.eval()


def mean_loss(losses: List[Tensor], iteration: int) -> float:
    mean = torch.stack(losses).mean().item() if losses else 0.0
    if not math.isfinite(mean):
        raise FloatingPointError(f"the loss is {mean} before iteration {iteration}: lower --lr and resume")
    return mean


def validate(trainer: Trainer, images: List[np.ndarray]) -> Dict[str, float]:
    values = denoising_psnr(
        trainer.averaged_network(), images, VALIDATION_SIGMAS, 0, str(trainer.device), trainer.options.precision == "bf16"
    )
    return {f"{sigma:g}": round(value, 3) for sigma, value in zip(VALIDATION_SIGMAS, values)}


def read_details(options: argparse.Namespace) -> Dict[str, object]:
    if not options.details:
        return {}
    with open(options.details, encoding="utf-8") as file:
        return json.load(file)


def export(trainer: Trainer, measured: Optional[Mapping[str, float]]) -> None:
    options = trainer.options
    details = read_details(options)
    details["training"] = {
        "iterations": trainer.iteration,
        "crops": trainer.iteration * options.batch,
        "seconds": round(trainer.seconds),
        "patch": options.patch,
        "batch": options.batch,
        "optimizer": options.optimizer,
        "learningRate": options.lr,
        "ema": options.ema,
        "lnSigma": {"mean": options.sigma_mean, "std": options.sigma_std, "logUniformShare": options.uniform_share},
        "seed": options.seed,
        "precision": options.precision,
        "device": options.device,
        "startedFrom": os.path.basename(os.path.dirname(os.path.abspath(options.init))) if options.init else None,
        "torch": torch.__version__,
    }
    if measured:
        details["measured"] = {"validationPsnr": dict(measured)}
    export_prior(os.path.join(options.out, "export"), trainer.architecture, trainer.average, details)


def main(arguments: Optional[List[str]] = None) -> None:
    options = parse_arguments(arguments)
    torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    trainer = Trainer(options)
    write_json(os.path.join(options.out, "options.json"), vars(options))
    multiple = int(trainer.architecture["multiple"])
    images = [center_multiple(path, multiple, 256) for path in list_images(options.validation)] if options.validation else []
    curve_path = os.path.join(options.out, "curve.jsonl")

    stopped: List[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _frame: stopped.append(number))

    measured: Optional[Dict[str, float]] = None
    losses: List[Tensor] = []
    saved = started = time.monotonic()
    last = min(options.iterations, options.stop_at or options.iterations)
    with open(curve_path, "a", encoding="utf-8") as curve:

        def record(entry: Dict[str, object]) -> None:
            curve.write(json.dumps(entry) + "\n")
            curve.flush()

        if images and trainer.iteration == 0:
            record({"iteration": 0, "psnr": validate(trainer, images)})
        while trainer.iteration < last and not stopped:
            losses.append(trainer.step())
            if trainer.iteration % options.log_every == 0:
                loss = mean_loss(losses, trainer.iteration)
                losses = []
                rate = trainer.learning_rate()
                record({"iteration": trainer.iteration, "loss": loss, "lr": rate, "seconds": round(trainer.seconds, 1)})
            if images and (trainer.iteration % options.validate_every == 0 or trainer.iteration == options.iterations):
                measured = validate(trainer, images)
                record({"iteration": trainer.iteration, "psnr": measured, "seconds": round(trainer.seconds, 1)})
            if options.minutes and time.monotonic() - started > 60 * options.minutes:
                break
            if time.monotonic() - saved > 60 * options.checkpoint_minutes:
                mean_loss(losses, trainer.iteration)  # never writes a broken state over a good one
                trainer.save()
                saved = time.monotonic()
        mean_loss(losses, trainer.iteration)
        trainer.save()
    if trainer.iteration >= options.iterations:
        export(trainer, measured)
        print(f"done: {options.out}/export", flush=True)
    else:
        print(f"stopped at iteration {trainer.iteration}; the same command goes on", flush=True)
        sys.exit(0)


if __name__ == "__main__":
    main()
