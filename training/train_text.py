"""Trains a small text-to-image model on the emoji set of prepare_emoji.py and exports it as a Diffusers folder.

    python3 train_text.py --data data/emoji --out runs/emoji --iterations 20000

Pictures, captions and their tokens live on the device; plain backgrounds are laid under the pictures as they are drawn. Like every recipe
here the run can be killed at any time and goes on with the same command. With --deadline (seconds since 1970) it is as long as the time
that is left instead of --iterations, and the learning rate anneals with it. --publish keeps a folder of averaged weights, samples and
the curve up to date while it trains.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import signal
import subprocess
import sys
import time
from random import Random
from typing import Dict, List, Optional, Tuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from captions import BACKGROUNDS, NAMED_WHITE, background_phrase, caption, draw, held_out_background
from export import write_json
from export_text import save_folder, save_shards
from text_model import (
    PRESETS,
    TextToImage,
    log_sigmas,
    sample,
    scales,
    start_at_zero,
    text_to_image_architecture,
    time_of,
    v_loss,
)
from tokenizer import END, START, Tokenizer, load_tokenizer
from trainer import Training, add_training_arguments

VALIDATION_SIGMAS = (0.3, 1.0, 3.0, 10.0, 40.0)
SAMPLE_PROMPTS = (
    "red heart",
    "blue heart on yellow",
    "purple heart",
    "green circle",
    "blue square on pink",
    "grinning face",
    "smiling face with sunglasses",
    "red apple",
    "green apple on light blue",
    "thumbs up",
    "thumbs up dark skin tone",
    "woman astronaut medium skin tone",
    "woman light skin tone white hair",
    "man firefighter dark skin tone",
    "cat with tears of joy on blue",
    "dog face",
    "pizza",
    "hamburger on green",
    "flag japan",
    "rocket",
    "blue book",
    "waving hand medium-light skin tone on purple",
    "santa claus medium-dark skin tone",
    "octopus on black",
)


def parse_arguments(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_training_arguments(parser, patch=64)
    add = parser.add_argument
    add("--preset", choices=sorted(PRESETS), default="emoji", help="architecture")
    add("--deadline", type=float, help="seconds since 1970 at which the run has ended, instead of --iterations")
    add("--publish", help="folder of at most four files that is kept up to date")
    add("--publish-seconds", type=float, default=60)
    add("--report-seconds", type=float, default=20)
    add("--variants", type=int, default=32, help="captions drawn for each picture, once")
    add("--drop", type=float, default=0.12, help="share of empty captions")
    add("--coloured", type=float, default=0.5, help="share of plain backgrounds that are not white")
    add("--sigma-mean", type=float, default=-0.3, help="mean of ln sigma")
    add("--sigma-std", type=float, default=1.5, help="standard deviation of ln sigma")
    add("--uniform-share", type=float, default=0.3, help="share of noise levels drawn uniformly in time")
    add("--validation-pictures", type=int, default=64)
    add("--only-compile", action="store_true", help="fill the compiler's cache and leave")
    parser.set_defaults(batch=256, warmup=300, checkpoint_minutes=3)
    return parser.parse_args(arguments)


class EmojiSet:
    """Pictures (n, 4, H, W) in uint8 and the tokens of their captions, on the device."""

    def __init__(self, folder: str, variants: int, seed: int, device: torch.device) -> None:
        with open(os.path.join(folder, "emoji.json"), encoding="utf-8") as file:
            index = json.load(file)
        self.entries: List[Dict[str, object]] = index["entries"]
        self.tokenizer: Tokenizer = load_tokenizer(os.path.join(folder, "tokenizer"))
        side, columns, count = index["side"], index["columns"], len(self.entries)
        self.side = side
        sheet = np.asarray(Image.open(os.path.join(folder, "emoji.webp")).convert("RGBA"))
        cells = sheet.reshape(-1, side, columns, side, 4).swapaxes(1, 2).reshape(-1, side, side, 4)[:count]
        self.pictures = torch.from_numpy(np.ascontiguousarray(cells.transpose(0, 3, 1, 2))).to(device)
        self.colours = torch.tensor(list(BACKGROUNDS.values()), device=device).float()
        weights = [0.0 if "heldOut" in entry else float(entry["weight"]) for entry in self.entries]
        self.weights = torch.tensor(weights)
        self.held_out = [i for i, entry in enumerate(self.entries) if "heldOut" in entry]
        self.trained = [i for i, entry in enumerate(self.entries) if "heldOut" not in entry]
        random = Random(seed)
        drawn = [parts for entry in self.entries for parts in draw(entry, random, variants)]
        self.variants = variants
        self.heads = self.rows([head for head, _ in drawn], device)
        self.tails = self.rows([tail for _, tail in drawn], device)
        self.grounds = self.rows([background_phrase(colour) for colour in BACKGROUNDS], device)
        self.plain = self.rows([caption(entry) for entry in self.entries], device)
        self.empty = torch.tensor([self.tokenizer("")], device=device)

    def rows(self, texts: List[str], device: torch.device) -> Tuple[Tensor, Tensor]:
        """Ids of texts, filled up with zeros, and their numbers."""
        known = {text: self.tokenizer.encode(text) for text in set(texts)}
        ids = [known[text] for text in texts]
        width = max(map(len, ids))
        table = torch.tensor([row + [0] * (width - len(row)) for row in ids])
        return table.to(device), torch.tensor([len(row) for row in ids], device=device)

    def join(self, parts: List[Tuple[Tensor, Tensor]]) -> Tensor:
        """(N, length) ids of captions whose parts follow one another; as the tokenizer makes them of the whole text."""
        length, count = self.tokenizer.length, len(parts[0][0])
        device = parts[0][0].device
        place = torch.arange(length, device=device).expand(count, -1) - 1
        start, end = self.tokenizer.ids[START], self.tokenizer.ids[END]
        ids = torch.full((count, length), end, device=device)
        ids[:, 0] = start
        begin = torch.zeros(count, 1, dtype=torch.long, device=device)
        for table, number in parts:
            inside = (place >= begin) & (place < begin + number[:, None]) & (place < length - 2)
            values = table.gather(1, (place - begin).clamp(0, table.shape[1] - 1))
            ids = torch.where(inside, values, ids)
            begin = begin + number[:, None]
        return ids

    def over(self, index: Tensor, colour: Tensor) -> Tensor:
        """Pictures on plain backgrounds, (N, 3, H, W) in [-1, 1]."""
        picture = self.pictures[index].float()
        alpha = picture[:, 3:] / 255
        return (picture[:, :3] * alpha + self.colours[colour][:, :, None, None] * (1 - alpha)) / 127.5 - 1


@torch.no_grad()
def draw_samples(network: nn.Module, data: EmojiSet, path: str) -> None:
    """A sheet of one sample of each of SAMPLE_PROMPTS, with the true picture under it where there is one."""
    device = data.empty.device
    known = {caption(entry): i for i, entry in enumerate(data.entries)}
    ids = torch.tensor([data.tokenizer(prompt) for prompt in SAMPLE_PROMPTS], device=device)
    noise = torch.randn((len(ids), 3, data.side, data.side), generator=torch.Generator().manual_seed(0)).to(device)
    drawn = sample(network, ids, data.empty, noise)
    truth = torch.ones_like(drawn)
    for row, prompt in enumerate(SAMPLE_PROMPTS):
        name, _, colour = prompt.partition(" on ")
        if name in known:
            at = torch.tensor([known[name]], device=device)
            truth[row] = data.over(at, torch.full_like(at, list(BACKGROUNDS).index(colour or "white")))[0]
    pairs = torch.cat([drawn, truth], dim=2)
    columns = 8
    sheet = torch.cat([torch.cat(list(row), dim=2) for row in pairs.split(columns)], dim=1)
    values = ((sheet + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
    Image.fromarray(values.repeat(2, axis=0).repeat(2, axis=1)).save(path + ".tmp", format="PNG")
    os.replace(path + ".tmp", path)


class Trainer(Training):
    def __init__(self, options: argparse.Namespace) -> None:
        device = torch.device(options.device)
        self.set = EmojiSet(options.data[0], options.variants, options.seed, device)
        tokenizer = self.set.tokenizer
        self.table = log_sigmas(device)
        self.log: List[Dict[str, object]] = []
        self.slower = 1.0
        self.publishing = 5.0  # seconds that the last publication took
        super().__init__(options, text_to_image_architecture(options.preset, tokenizer.size, tokenizer.length))
        self.compiled = self.forward
        if not options.only_compile:
            self.forward = self.network
        self.began = time.time() - self.seconds

    def build(self) -> nn.Module:
        return start_at_zero(TextToImage(self.architecture))

    def progress(self) -> float:
        if self.options.deadline:
            return min(1.0, (time.time() - self.began) / max(1.0, self.options.deadline - self.reserve - self.began))
        return min(1.0, self.iteration / self.options.iterations)

    @property
    def reserve(self) -> float:
        """Seconds for the last validation, samples and files."""
        return 5.0 + 1.5 * self.publishing

    def learning_rate(self) -> float:
        """Linear warm-up, then half a cosine to zero, in iterations or in time."""
        rise = min(1.0, (self.iteration + 1) / max(self.options.warmup, 1))
        return self.slower * self.options.lr * rise * 0.5 * (1 + math.cos(math.pi * self.progress()))

    def batch(self, random: torch.Generator) -> Tuple[Tensor, ...]:
        data, options, device = self.set, self.options, self.device
        generator = self.device_random(random)
        count = options.batch

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator, device=device)

        index = torch.multinomial(data.weights, count, replacement=True, generator=random).to(device)
        colour = 1 + (uniform(count) * (len(BACKGROUNDS) - 1)).long()
        white = (uniform(count) >= options.coloured) | held_out_background(index, colour)
        colour = torch.where(white, torch.zeros_like(colour), colour)
        variant = index * data.variants + (uniform(count) * data.variants).long()
        grounds, lengths = (values[colour] for values in data.grounds)
        lengths = torch.where(white & (uniform(count) >= NAMED_WHITE), torch.zeros_like(lengths), lengths)
        parts = [tuple(v[variant] for v in data.heads), (grounds, lengths), tuple(v[variant] for v in data.tails)]
        ids = torch.where((uniform(count) < options.drop)[:, None], data.empty, data.join(parts))
        log_sigma = self.noise_levels(uniform(count))
        x = data.over(index, colour)
        noise = torch.randn(x.shape, generator=generator, device=device)
        return x, noise, log_sigma.float(), time_of(log_sigma, self.table).float(), ids

    def noise_levels(self, offsets: Tensor) -> Tensor:
        """ln sigma in float64, stratified: some uniform in time, the rest normal."""
        options, table = self.options, self.table
        wide = round(options.uniform_share * len(offsets))

        def strata(part: Tensor) -> Tensor:
            return (torch.arange(len(part), device=part.device) + part.double()) / max(1, len(part))

        position = strata(offsets[:wide]) * (len(table) - 1)
        below = position.long().clamp(max=len(table) - 2)
        uniform = torch.lerp(table[below], table[below + 1], position - below)
        normal = options.sigma_mean + options.sigma_std * torch.special.ndtri(strata(offsets[wide:]).clamp(1e-6, 1 - 1e-6))
        return torch.cat([uniform, normal.clamp(table[0], table[-1])])

    def loss(self, *parts: Tensor) -> Tensor:
        return v_loss(self.forward, *parts).sum()

    @torch.no_grad()
    def validate(self) -> Optional[Dict[str, object]]:
        """Mean squared error of v on white, per noise level: pictures trained on, held-out ones, and these without their captions."""
        network, data = self.averaged_network(), self.set
        result: Dict[str, object] = {}
        for name, pool in (("trained", data.trained), ("heldOut", data.held_out), ("heldOutUnprompted", data.held_out)):
            index = torch.tensor(pool[:: -(-len(pool) // self.options.validation_pictures)], device=self.device)
            x = data.over(index, torch.zeros_like(index))
            noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1)).to(self.device)
            ids = data.join([tuple(v[index] for v in data.plain)])
            if name.endswith("Unprompted"):
                ids = data.empty.expand_as(ids)
            errors: Dict[str, float] = {}
            for sigma in VALIDATION_SIGMAS:
                log_sigma = torch.full((len(index),), math.log(sigma), dtype=torch.float64, device=self.device)
                with self.autocast():
                    error = v_loss(network, x, noise, log_sigma.float(), time_of(log_sigma, self.table).float(), ids)
                errors[f"{sigma:g}"] = round(error.mean().item(), 5)
            result[name] = errors
        return result

    def publish(self) -> Dict[str, object]:
        """Writes averaged weights, samples and the curve to --publish; returns the validation."""
        folder, started = self.options.publish, time.monotonic()
        if folder:
            os.makedirs(folder, exist_ok=True)
            save_shards(folder, self.architecture, self.result())
            with self.autocast():
                draw_samples(self.averaged_network(), self.set, os.path.join(folder, "samples.png"))
        measured = self.validate()
        self.log.append({"iteration": self.iteration, **measured, "seconds": round(self.seconds, 1)})
        print(json.dumps(self.log[-1]), flush=True)
        if folder:
            state = {"prompts": SAMPLE_PROMPTS, "options": vars(self.options), **self.details(), "curve": self.log}
            write_json(os.path.join(folder, "log.json"), state)
        self.publishing = time.monotonic() - started
        return measured

    def export(self, measured: Optional[Dict[str, object]]) -> None:
        folder = os.path.join(self.options.out, "export")
        save_folder(folder, self.architecture, self.result(), self.set.tokenizer, self.set.side)
        write_json(os.path.join(folder, "training.json"), {**self.details(), "measured": measured})


class Compiler:
    """Compiles in a second process, whose cache this one then uses: the run trains on meanwhile and never waits long."""

    def __init__(self, arguments: List[str], log: str) -> None:
        self.log = log
        self.started = time.time()
        with open(log, "w", encoding="utf-8") as file:
            command = [sys.executable, os.path.abspath(__file__), *arguments, "--only-compile"]
            self.process: Optional[subprocess.Popen] = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)

    def take(self, trainer: Trainer) -> None:
        """Once the cache is there, tries the compiled network for some steps and keeps the faster one."""
        if not self.process or self.process.poll() is None:
            return
        failed, self.process = self.process.returncode != 0, None
        if failed:
            with open(self.log, encoding="utf-8") as file:
                print(f"not compiled:\n{file.read()[-2000:]}", flush=True)
            return
        # With a full cache it takes less than what the cache took.
        deadline = trainer.options.deadline
        if deadline and time.time() + (time.time() - self.started) + 60 > deadline:
            return
        eager = timed(trainer, 10)
        trainer.forward = trainer.compiled
        try:
            first, compiled = timed(trainer, 2), timed(trainer, 10)
        except Exception as error:  # whatever a compiler raises, the eager network goes on
            trainer.forward = trainer.network
            print(f"not compiled: {error}", flush=True)
            return
        if compiled > eager:
            trainer.forward = trainer.network
        print(f"compiled in {2 * first:.0f} s: {compiled:.3f} s a step, eager {eager:.3f} s", flush=True)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()


def timed(trainer: Trainer, steps: int) -> float:
    """Mean seconds of a step."""
    synchronise(trainer.device)
    started = time.monotonic()
    for _ in range(steps):
        trainer.step()
    synchronise(trainer.device)
    return (time.monotonic() - started) / steps


def synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def train(trainer: Trainer, arguments: List[str]) -> None:
    """The loop: trains, reports and publishes to the end, or leaves with a checkpoint on SIGTERM, Ctrl-C or at a limit."""
    options = trainer.options
    stopped: List[int] = []
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda number, _frame: stopped.append(number))
    compiler = Compiler(arguments, os.path.join(options.out, "compile.log")) if options.compile else None
    last = min(options.iterations, options.stop_at or options.iterations)
    if not os.path.exists(trainer.checkpoint_path):
        trainer.save()
    losses: List[Tensor] = []
    reported = published = saved = time.monotonic()

    def report() -> bool:
        """One line; false when the loss is no number any more, and the run goes on from the last checkpoint, more slowly."""
        if not losses:
            return True
        mean = torch.stack(losses).mean().item()
        speed = len(losses) / max(1e-9, time.monotonic() - reported)
        losses.clear()
        trainer.seconds = time.time() - trainer.began
        if not math.isfinite(mean):
            trainer.slower *= 0.5
            trainer.restore()
            print(f"the loss is {mean}: back to iteration {trainer.iteration}, learning rate times {trainer.slower}", flush=True)
            return False
        line = {"iteration": trainer.iteration, "loss": round(mean, 5), "lr": trainer.learning_rate()}
        trainer.log.append({**line, "seconds": round(trainer.seconds, 1), "perSecond": round(speed, 2)})
        print(json.dumps(trainer.log[-1]), flush=True)
        return True

    def finished() -> bool:
        return trainer.progress() >= 1 if options.deadline else trainer.iteration >= last

    while not finished() and not stopped:
        losses.append(trainer.step())
        now = time.monotonic()
        if now - reported > options.report_seconds:
            sound = report()
            reported = time.monotonic()
            if sound and now - saved > 60 * options.checkpoint_minutes:
                trainer.save()
                saved = time.monotonic()
            # Publishing takes a tenth of the time at most.
            if sound and options.publish and now - published > max(options.publish_seconds, 10 * trainer.publishing):
                trainer.publish()
                published = reported = time.monotonic()
            if compiler:
                compiler.take(trainer)
                reported = time.monotonic()
    if compiler:
        compiler.stop()
    if report() and (stopped or not options.deadline):
        trainer.save()
    if stopped or not (options.deadline or trainer.iteration >= options.iterations):
        print(f"stopped at iteration {trainer.iteration}; the same command goes on", flush=True)
        return
    trainer.export(trainer.publish())
    print(f"done: {options.out}/export", flush=True)


def main(arguments: Optional[List[str]] = None) -> None:
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse_arguments(arguments)
    torch.set_num_threads(options.threads)
    os.makedirs(options.out, exist_ok=True)
    trainer = Trainer(options)
    if options.only_compile:
        trainer.step()
        synchronise(trainer.device)
        return
    write_json(os.path.join(options.out, "options.json"), vars(options))
    train(trainer, arguments)


if __name__ == "__main__":
    main()
