"""What every recipe here shares: threads, bf16, averaged weights, cosine, checkpoints that resume exactly, the curve, the export.

A recipe derives from `Training` and says what the network is, what a batch is, what the loss of a part of a batch is, how it is
validated and what is exported.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Optional, Tuple

import numpy as np
import torch
from torch import Tensor, nn

import safetensors_io
from export import write_json
from model import Architecture, grow_from
from muon import Muon


def add_training_arguments(parser: argparse.ArgumentParser, patch: int, log_every: int = 50) -> None:
    add = parser.add_argument
    add("--data", nargs="+", required=True, help="folders of training pictures")
    add("--validation", nargs="*", default=[], help="folders of held-out pictures for the curve; never trained on")
    add("--out", required=True, help="folder of the run: checkpoint, curve, export")
    add("--init", help="weights.safetensors of an equal or smaller network of the same type to start from")
    add("--iterations", type=int, default=100_000, help="length of the cosine; may be changed when resuming")
    add("--seconds", type=float, help="length of the cosine in seconds of this start, in place of --iterations; exports at the end")
    add("--since", type=float, help="when those seconds began, in seconds since 1970; default: when the run is ready")
    add("--stop-at", type=int, help="leave at this iteration as a kill would, without an export")
    add("--minutes", type=float, help="leave after this long, likewise")
    add("--batch", type=int, default=16)
    add("--patch", type=int, default=patch, help="side of a crop in pixels, a multiple of the network's grid")
    add("--lr", type=float, default=1e-3)
    add("--warmup", type=int, default=500, help="iterations")
    add("--optimizer", choices=["muon", "adamw"], default="muon", help="of the hidden convolutions; the rest has AdamW")
    add("--weight-decay", type=float, default=0.0, help="of AdamW")
    add("--ema", type=float, default=0.999, help="decay of the averaged weights, which are what is exported; 1: an eighth of the run")
    add("--second-ema", type=float, help="export a second average as well, over one part in so many of the run, such as 30")
    add("--keep-start", type=float, default=0.0, help="share of the starting weights in what is measured and exported")
    add("--clip", type=float, default=1.0, help="largest norm of the gradient")
    add("--seed", type=int, default=0)
    add("--threads", type=int, default=os.cpu_count() or 1, help="CPU threads; the result does not depend on them")
    add("--chunk", type=int, default=4, help="images that a CPU thread takes at a time")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--precision", choices=["bf16", "float32"], default="bf16")
    add("--compile", action="store_true", help="torch.compile the network (PyTorch 2); goes on without where that fails")
    add("--compile-limit", type=float, default=100, help="seconds that may take")
    add("--checkpoint-minutes", type=float, default=3)
    add("--log-every", type=int, default=log_every)
    add("--validate-every", type=int, default=1000)
    add("--details", help="JSON file with name, description, licence and data for the card")


def make_optimizers(network: nn.Module, options: argparse.Namespace) -> List[torch.optim.Optimizer]:
    """Muon for the convolutions between stems and heads, AdamW for the rest, or AdamW for all."""
    hidden, rest = [], []
    for name, parameter in network.named_parameters():
        inner = parameter.dim() == 4 and not {"stem", "head", "conv_in", "conv_out"} & set(name.split("."))
        (hidden if inner and options.optimizer == "muon" else rest).append(parameter)
    adamw = torch.optim.AdamW(rest, lr=options.lr, betas=(0.9, 0.99), weight_decay=options.weight_decay)
    return [adamw, Muon(hidden, lr=options.lr)] if hidden else [adamw]


class Training:
    """The state of a run: everything that changes with an iteration lives here and in one checkpoint."""

    def __init__(self, options: argparse.Namespace, architecture: Architecture) -> None:
        self.options = options
        self.architecture = architecture
        self.device = torch.device(options.device)
        torch.backends.cudnn.benchmark = True
        torch.manual_seed(options.seed)
        network, self.start = self.build(), {}
        for weights in self.initial_weights():
            copied, others = grow_from(network, weights)
            print(f"started with {copied} tensors of given weights, {others} others as they were", flush=True)
            self.start = {name: tensor.to(self.device, copy=True) for name, tensor in network.state_dict().items()}
        self.network: nn.Module = network.to(self.device).to(memory_format=torch.channels_last)
        # The network has no buffers: its parameters are its state.
        self.average: Dict[str, Tensor] = {k: v.detach().clone() for k, v in self.network.named_parameters()}
        self.second = {k: v.clone() for k, v in self.average.items()} if options.second_ema else {}
        self.optimizers = make_optimizers(self.network, options)
        self.forward: nn.Module = self.network
        self.started = time.monotonic() - (time.time() - options.since if options.since else 0)
        self.iteration = 0
        self.seconds = 0.0
        self.slower = 1.0  # share of the learning rate, after what `recall` came back from
        self.checkpoint_path = os.path.join(options.out, "checkpoint.pt")
        if os.path.exists(self.checkpoint_path):
            self.restore()
        self.pool = ThreadPoolExecutor(options.threads, initializer=torch.set_num_threads, initargs=(1,))

    # What a recipe says -------------------------------------------------------------------------------------------------------

    def build(self) -> nn.Module:
        """The network of `self.architecture`, at its random start."""
        raise NotImplementedError

    def initial_weights(self) -> List[Dict[str, np.ndarray]]:
        """What the network starts from, one after the other; see `grow_from`."""
        return [safetensors_io.load(self.options.init)[0]] if self.options.init else []

    def batch(self, random: torch.Generator) -> Tuple[Tensor, ...]:
        """Tensors of iteration `self.iteration`, whose first axis is the batch; `random` lives on `self.device`'s side."""
        raise NotImplementedError

    def loss(self, *parts: Tensor) -> Tensor:
        """The summed loss of a part of a batch, under autocast."""
        raise NotImplementedError

    def validate(self) -> Optional[Dict[str, object]]:
        """A line of the curve, of the averaged weights; None without validation pictures."""
        return None

    def export(self, measured: Optional[Dict[str, object]]) -> None:
        """Writes weights and card to the run's `export` folder."""
        raise NotImplementedError

    # --------------------------------------------------------------------------------------------------------------------------

    def state(self) -> Dict[str, object]:
        return {
            "architecture": self.architecture,
            "network": self.network.state_dict(),
            "average": self.average,
            "second": self.second,
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "iteration": self.iteration,
            "seconds": self.seconds,
        }

    def recall(self, state: Dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self.average = {name: state["average"][name].clone() for name in self.average}
        self.second = {name: state.get("second", {}).get(name, tensor).clone() for name, tensor in self.second.items()}
        for optimizer, saved in zip(self.optimizers, state["optimizers"]):
            optimizer.load_state_dict(copy.deepcopy(saved))
        self.iteration = state["iteration"]

    def restore(self) -> None:
        state = torch.load(self.checkpoint_path, map_location=self.device)
        if state["architecture"] != self.architecture:
            raise ValueError(f"{self.checkpoint_path} holds {state['architecture']}, the options ask for {self.architecture}")
        self.recall(state)
        self.seconds = state["seconds"]
        print(f"resumed at iteration {self.iteration}", flush=True)

    def save(self) -> None:
        torch.save(self.state(), self.checkpoint_path + ".tmp")
        os.replace(self.checkpoint_path + ".tmp", self.checkpoint_path)

    def progress(self) -> float:
        """How much of the run is over, from 0 to 1; with `--seconds` by the clock."""
        options = self.options
        if options.seconds:
            return min(1.0, (time.monotonic() - self.started) / options.seconds)
        return min(1.0, self.iteration / options.iterations)

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine to zero."""
        step, total, warmup = self.iteration, self.options.iterations, self.options.warmup
        rise = min(1.0, (step + 1) / max(warmup, 1))
        progress = self.progress() if self.options.seconds else min(1.0, max(0, step - warmup) / max(1, total - warmup))
        return self.slower * self.options.lr * rise * 0.5 * (1 + math.cos(math.pi * progress))

    def compile(self) -> None:
        """Compiles the network by one gradient that is thrown away. Training goes on without where that fails or takes too long."""
        if not self.options.compile:
            return

        def give_up(_number: int, _frame: object) -> None:
            raise TimeoutError(f"compiling took more than {self.options.compile_limit:g} seconds")

        begun, before = time.monotonic(), signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, self.options.compile_limit)
        try:
            self.forward = torch.compile(self.network, dynamic=False)
            self.gradient(*self.batch(torch.Generator().manual_seed(0)))
            if self.device.type == "cuda":
                torch.cuda.synchronize()
            print(f"compiled in {time.monotonic() - begun:.0f} s", flush=True)
        except Exception as error:  # whatever the compiler throws
            self.forward = self.network
            print(f"not compiled: {type(error).__name__}: {str(error)[:300]}", flush=True)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def autocast(self) -> torch.autocast:
        # The cache of casts is shared between threads and every weight is used once: no cache.
        enabled = self.options.precision == "bf16"
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=enabled, cache_enabled=False)

    def gradient(self, *parts: Tensor) -> Tuple[Tensor, Tuple[Tensor, ...]]:
        """Summed loss and its gradient on a part of a batch.

        On a CPU whole parts run side by side on single-threaded workers: they meet once an iteration and not at every layer, which
        also keeps a run at low priority on a busy machine going.
        """
        with self.autocast():
            loss = self.loss(*parts)
        return loss.detach(), torch.autograd.grad(loss, list(self.network.parameters()))

    def step(self) -> Tensor:
        """One iteration; returns the mean loss of its batch, still on the device so that a GPU is not waited for."""
        options = self.options
        started = time.monotonic()
        random = torch.Generator().manual_seed(options.seed * 1_000_000_007 + self.iteration)
        tensors = self.batch(random)
        rate = self.learning_rate()
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        if self.device.type == "cuda":
            parts = [self.gradient(*tensors)]
        else:
            parts = list(self.pool.map(self.gradient, *(tensor.split(options.chunk) for tensor in tensors)))
        # Summed in the order of the batch, whichever thread was first.
        total = list(parts[0][1])
        for _, gradients in parts[1:]:
            torch._foreach_add_(total, gradients)
        torch._foreach_div_(total, options.batch)
        for parameter, gradient in zip(self.network.parameters(), total):
            parameter.grad = gradient
        nn.utils.clip_grad_norm_(self.network.parameters(), options.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.iteration += 1
        # A short memory at first, so that the average does not drag the random start along.
        self.follow(self.average, min(options.ema, (1 + self.iteration) / (10 + self.iteration)))
        if self.second:
            self.follow(self.second, (1 + self.iteration) / (1 + options.second_ema + self.iteration))
        self.seconds += time.monotonic() - started
        return torch.stack([loss for loss, _ in parts]).sum() / options.batch

    def follow(self, average: Dict[str, Tensor], decay: float) -> None:
        with torch.no_grad():
            tensors = list(average.values())
            torch._foreach_mul_(tensors, decay)
            torch._foreach_add_(tensors, [p.detach() for p in self.network.parameters()], alpha=1 - decay)

    def pixels(self, crops: np.ndarray) -> Tensor:
        """uint8 (N, H, W, 3) as (N, 3, H, W) in [-1, 1] on the device."""
        return torch.from_numpy(crops).to(self.device).permute(0, 3, 1, 2).float() / 127.5 - 1

    def device_random(self, random: torch.Generator) -> torch.Generator:
        """A generator that fills tensors on the device: `random` itself on a CPU."""
        if self.device.type != "cuda":
            return random
        return torch.Generator(self.device).manual_seed(self.options.seed * 1_000_000_007 + self.iteration)

    def result(self) -> Dict[str, Tensor]:
        """The weights to measure and to export: the average, and `--keep-start` of what the run started from.

        Between a network and its fine-tuned self the loss is often lower than at either, most of all on pictures unlike the new ones
        (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
        """
        keep = self.options.keep_start
        if not self.start or keep == 0:
            return self.average
        return {name: torch.lerp(tensor, self.start[name], keep) for name, tensor in self.average.items()}

    def averaged_network(self) -> nn.Module:
        network = self.build().to(self.device).to(memory_format=torch.channels_last)
        network.load_state_dict(self.result())
        return network.eval()

    def details(self) -> Dict[str, object]:
        """Name, description, licence and data of `--details`, and how the run went."""
        options = self.options
        details: Dict[str, object] = {}
        if options.details:
            with open(options.details, encoding="utf-8") as file:
                details = json.load(file)
        details["training"] = {
            "iterations": self.iteration,
            "crops": self.iteration * options.batch,
            "seconds": round(self.seconds),
            "patch": options.patch,
            "batch": options.batch,
            "optimizer": options.optimizer,
            "learningRate": options.lr,
            "ema": options.ema,
            "keptOfStart": options.keep_start,
            "seed": options.seed,
            "precision": options.precision,
            "device": options.device,
            "startedFrom": os.path.basename(os.path.dirname(os.path.abspath(options.init))) if options.init else None,
            "torch": torch.__version__,
        }
        return details


def run(trainer: Training) -> None:
    """The loop: trains to the last iteration and exports, or leaves with a checkpoint on SIGTERM, Ctrl-C or at a limit.

    A loss that is not finite sends it back to the last line of the curve, at half the learning rate.
    """
    options = trainer.options
    write_json(os.path.join(options.out, "options.json"), vars(options))
    trainer.compile()
    stopped: List[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _frame: stopped.append(number))

    measured: Optional[Dict[str, object]] = None
    losses: List[Tensor] = []
    saved = started = shown = time.monotonic()
    good = copy.deepcopy(trainer.state())
    with open(os.path.join(options.out, "curve.jsonl"), "a", encoding="utf-8") as curve:

        def record(entry: Dict[str, object]) -> None:
            curve.write(json.dumps(entry) + "\n")
            curve.flush()
            if options.seconds:
                print(json.dumps(entry), flush=True)

        def validate() -> Optional[Dict[str, object]]:
            values = trainer.validate()
            if values:
                record({"iteration": trainer.iteration, **values, "seconds": round(trainer.seconds, 1)})
            return values

        def check() -> None:
            """Writes the mean loss since the last line, and keeps the state or goes back to the last good one."""
            nonlocal good, losses, shown
            if not losses:
                return
            loss, losses, shown = torch.stack(losses).mean().item(), [], time.monotonic()
            if math.isfinite(loss):
                good = copy.deepcopy(trainer.state())
                rate = trainer.learning_rate()
                record({"iteration": trainer.iteration, "loss": loss, "lr": rate, "seconds": round(trainer.seconds, 1)})
                return
            trainer.slower /= 2
            if trainer.slower < 2**-5:
                raise FloatingPointError(f"the loss is {loss} before iteration {trainer.iteration}: lower --lr and resume")
            print(f"the loss is {loss} before iteration {trainer.iteration}: back to {good['iteration']}", flush=True)
            trainer.recall(good)

        if trainer.iteration == 0 and not options.seconds:
            validate()
        while trainer.progress() < 1 and trainer.iteration < (options.stop_at or math.inf) and not stopped:
            losses.append(trainer.step())
            if len(losses) >= options.log_every or (options.seconds and time.monotonic() - shown > 20):
                check()
            if trainer.iteration % options.validate_every == 0:
                measured = validate()
            if options.minutes and time.monotonic() - started > 60 * options.minutes:
                break
            if time.monotonic() - saved > 60 * options.checkpoint_minutes:
                check()  # never writes a broken state over a good one
                trainer.save()
                if options.seconds:
                    trainer.export(measured)
                saved = time.monotonic()
        check()
        trainer.save()
        if trainer.progress() >= 1:
            measured = validate()
            trainer.export(measured)
    if trainer.progress() >= 1:
        print(f"done: {options.out}/export", flush=True)
    else:
        print(f"stopped at iteration {trainer.iteration}; the same command goes on", flush=True)
        sys.exit(0)
