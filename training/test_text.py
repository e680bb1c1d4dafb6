"""Seconds of the text-to-image recipe: `python3 -m unittest test_text` in this folder."""

from __future__ import annotations

import json
import math
import os
import tempfile
import time
import unittest
from typing import Dict, List

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import safetensors_io
import train_text
from captions import BACKGROUNDS, all_texts, caption, held_out_background
from export import write_json
from export_text import load_shards, save_folder
from prepare_emoji import attributes, held_out, plain
from text_model import PRESETS, TextToImage, log_sigmas, sample, scales, text_to_image_architecture, time_of, v_loss
from tokenizer import END, START, Tokenizer, load_tokenizer, needed_merges

MERGES = ["r e", "h e", "re d</w>", "he a", "r t</w>", "hea rt</w>", "o n</w>", "b l", "x y</w>", "l o", "lo w</w>"]
COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255), "grey": (128, 128, 128)}


def write_set(folder: str) -> None:
    """Squares of one colour with clear borders; the grey one is held out."""
    entries: List[Dict[str, object]] = []
    sheet = np.zeros((16, 48, 4), np.uint8)
    for index, (name, colour) in enumerate(COLOURS.items()):
        entry: Dict[str, object] = {"name": name, "words": ["heart"], "aliases": [], "keywords": ["low"], "weight": 1.0}
        entry.update({"category": "symbols", "subcategory": "heart"}, **({"heldOut": "colour"} if name == "grey" else {}))
        entries.append(entry)
        sheet[1:-1, 16 * index + 1 : 16 * index + 15] = (*colour, 255)
        sheet[8, 16 * index + 8, 3] = 51  # a fifth
    os.makedirs(folder)
    Image.fromarray(sheet).save(os.path.join(folder, "emoji.webp"), lossless=True, exact=True)
    write_json(os.path.join(folder, "emoji.json"), {"side": 16, "columns": 3, "entries": entries})
    Tokenizer(needed_merges(MERGES, all_texts(entries)), 12).save(os.path.join(folder, "tokenizer"))


class TokenizerTest(unittest.TestCase):
    def test_merges_by_rank(self) -> None:
        tokenizer = Tokenizer(MERGES)
        self.assertEqual(tokenizer.size, 512 + len(MERGES) + 2)
        self.assertEqual(tokenizer.tokens(" Red  HEART, low's 12 "), ["red</w>", "heart</w>", ",</w>", "low</w>", "'", "s</w>", "1</w>", "2</w>"])
        self.assertEqual(tokenizer.pieces("lolow"), ["lo", "low</w>"])
        self.assertEqual(tokenizer.pieces("é"), ["Ã", "©</w>"])
        self.assertEqual((tokenizer.ids["!"], tokenizer.ids["!</w>"], tokenizer.ids["re"]), (0, 256, 512))
        start, end = tokenizer.ids[START], tokenizer.ids[END]
        self.assertEqual((start, end), (tokenizer.size - 2, tokenizer.size - 1))
        self.assertEqual(tokenizer(""), [start] + [end] * 31)
        self.assertEqual(tokenizer("red " * 40), [start] + [tokenizer.ids["red</w>"]] * 30 + [end])

    def test_a_part_of_the_merges_cuts_its_texts_alike(self) -> None:
        texts = ["red heart", "low"]
        part = needed_merges(MERGES, texts)
        self.assertEqual(part, [merge for merge in MERGES if merge not in ("o n</w>", "b l", "x y</w>")])
        for text in texts:
            self.assertEqual(Tokenizer(part).tokens(text), Tokenizer(MERGES).tokens(text))


class CaptionTest(unittest.TestCase):
    def test_labels(self) -> None:
        self.assertEqual(attributes("man: light skin tone, red hair"), ("man", ["light skin tone", "red hair"]))
        self.assertEqual(plain("Côte d’Ivoire"), "cote d'ivoire")

    def test_held_out_combinations(self) -> None:
        self.assertEqual(held_out("waving hand", ["light skin tone"], ["light"], 0), "tone")
        self.assertIsNone(held_out("waving hand", ["dark skin tone"], ["dark"], 0))
        self.assertIsNone(held_out("waving hand", ["light skin tone"], ["light"], 1))
        self.assertEqual(held_out("woman", ["dark skin tone", "white hair"], ["dark"], 1), "hair")
        pairs = [(i, c) for i in range(10) for c in range(10) if held_out_background(torch.tensor(i), torch.tensor(c))]
        self.assertEqual(len(pairs), 9)  # one of ten, and never white


class ModelTest(unittest.TestCase):
    def test_noise_levels_and_times(self) -> None:
        table = log_sigmas()
        for t, sigma in ((0, 0.01), (499, 3.424137), (999, 157.407281)):  # of diffusers' DDPM schedule
            self.assertAlmostEqual(float(table[t].exp()), sigma, places=5)
            self.assertAlmostEqual(float(time_of(table[t], table)), t, places=6)
        self.assertAlmostEqual(float(time_of((table[3] + table[4]) / 2, table)), 3.5, places=9)
        alpha, s = scales(torch.tensor(math.log(3.0)))
        self.assertAlmostEqual(float(s / alpha), 3.0, places=5)
        self.assertAlmostEqual(float(alpha**2 + s**2), 1.0, places=6)

    def test_the_exact_network_has_no_loss_and_draws_its_pictures(self) -> None:
        """Prompts name pictures, and v of the distribution that is one picture is known."""
        table = log_sigmas()
        pictures = torch.rand(2, 3, 8, 8) * 2 - 1

        class Exact(TextToImage):
            def __init__(self) -> None:
                torch.nn.Module.__init__(self)
                self.text_encoder = lambda ids: ids
                self.unet = lambda x, time, ids: self.forward(x, time, ids)

            def forward(self, x: Tensor, time: Tensor, ids: Tensor) -> Tensor:
                alpha, s = (v.float()[:, None, None, None] for v in scales(table[time.round().long()]))
                clean = pictures[ids[:, 0]]
                return alpha * (x - alpha * clean) / s - s * clean

        times = torch.tensor([100.0, 700.0])
        ids = torch.tensor([[0], [1]])
        loss = v_loss(Exact(), pictures, torch.randn(2, 3, 8, 8), table[times.long()].float(), times, ids)
        self.assertLess(float(loss.max()), 1e-6)
        for guidance in (1.0, 4.0):
            drawn = sample(Exact(), ids, torch.tensor([[1]]), torch.randn(2, 3, 8, 8), 10, guidance)
            # The second prompt is the empty one, so that guidance changes nothing.
            self.assertLess(float((drawn[1] - pictures[1]).abs().max()), 1e-3)
            if guidance == 1:
                self.assertLess(float((drawn[0] - pictures[0]).abs().max()), 1e-3)

    def test_guidance_beyond_the_range_of_pictures_stays_at_its_end(self) -> None:
        """Pictures are Gaussian, bright with a prompt and grey without; what guidance asks for beyond white is white."""
        table = log_sigmas()

        class Gaussian(TextToImage):
            def __init__(self) -> None:
                torch.nn.Module.__init__(self)
                self.text_encoder = lambda ids: ids

            def unet(self, x: Tensor, time: Tensor, ids: Tensor) -> Tensor:
                alpha, s = (v.float()[:, None, None, None] for v in scales(table[time.round().long()]))
                mean = 0.8 * (ids[:, 0] == 0).float()[:, None, None, None]
                variance = 0.25
                clean = (variance * alpha * x + s * s * mean) / (variance * alpha * alpha + s * s)
                return (alpha * x - clean) / s

        drawn = sample(Gaussian(), torch.tensor([[0]]), torch.tensor([[1]]), torch.randn(1, 3, 16, 16), 30, 4.0)
        self.assertGreater(float(drawn.mean()), 0.9)

    def test_tokens_see_what_came_before(self) -> None:
        torch.manual_seed(0)
        encoder = TextToImage(text_to_image_architecture("tiny", 20, 6)).text_encoder
        a, b = torch.tensor([[1, 2, 3, 4, 5, 6]]), torch.tensor([[1, 2, 3, 9, 5, 6]])
        same = (encoder(a) - encoder(b)).abs().amax(dim=(0, 2)) < 1e-6
        self.assertEqual(same.tolist(), [True, True, True, False, False, False])

    def test_the_size_of_the_published_model(self) -> None:
        network = TextToImage(text_to_image_architecture("emoji", 7086, 32))
        self.assertLess(2 * sum(p.numel() for p in network.parameters()), 24e6)
        self.assertEqual(set(PRESETS), {"emoji", "tiny"})


class RecipeTest(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        write_set(os.path.join(self.root, "data"))

    def arguments(self, out: str, *more: str) -> List[str]:
        folders = ["--data", os.path.join(self.root, "data"), "--out", os.path.join(self.root, out)]
        fixed = ["--preset", "tiny", "--batch", "8", "--chunk", "4", "--warmup", "5", "--lr", "5e-3", "--variants", "4"]
        return [*folders, *fixed, "--precision", "float32", "--device", "cpu", "--threads", "1", *more]

    def test_captions_are_joined_as_the_tokenizer_joins_them(self) -> None:
        data = train_text.EmojiSet(os.path.join(self.root, "data"), 4, 0, torch.device("cpu"))
        texts = ["red heart", "on light blue", ", low, heart, symbols"]
        parts = [data.rows([text, ""], torch.device("cpu")) for text in texts]
        self.assertEqual(data.join(parts).tolist(), [data.tokenizer(" ".join(texts)), data.tokenizer("")])
        blue = torch.tensor([list(BACKGROUNDS).index("blue")])
        picture = (data.over(torch.tensor([0]), blue)[0] + 1) * 127.5
        for row, column, expected in ((0, 0, BACKGROUNDS["blue"]), (3, 3, COLOURS["red"])):
            self.assertTrue(torch.allclose(picture[:, row, column], torch.tensor(expected).float(), atol=1e-3))
        mixed = 0.2 * np.array(COLOURS["red"]) + 0.8 * np.array(BACKGROUNDS["blue"])
        self.assertTrue(np.allclose(picture[:, 8, 8].numpy(), mixed, atol=1e-3))

    def test_it_learns_its_words_and_resumes_exactly(self) -> None:
        whole = self.arguments("whole", "--iterations", "120", "--drop", "0", "--coloured", "0")
        train_text.main(whole)
        parts = [*self.arguments("parts", "--iterations", "120", "--drop", "0", "--coloured", "0")]
        train_text.main([*parts, "--stop-at", "70"])
        self.assertFalse(os.path.exists(os.path.join(self.root, "parts", "export")))
        train_text.main(parts)
        first, second = (torch.load(os.path.join(self.root, run, "checkpoint.pt")) for run in ("whole", "parts"))
        for part in ("network", "average"):
            for name in first[part]:
                self.assertTrue(torch.equal(first[part][name], second[part][name]), name)

        trainer = train_text.Trainer(train_text.parse_arguments(whole))
        data, index = trainer.set, torch.tensor([0, 1])
        batch = trainer.batch(torch.Generator().manual_seed(3))
        grey = data.over(torch.tensor([2]), torch.tensor([0]))[0]
        self.assertFalse(any(torch.equal(x, grey) for x in batch[0]))  # never trained on
        x = data.over(index, torch.zeros_like(index))
        ids = data.join([tuple(v[index] for v in data.plain)])
        log_sigma = torch.full((2,), math.log(10.0), dtype=torch.float64)
        settings = (x, torch.randn_like(x), log_sigma.float(), time_of(log_sigma, trainer.table).float())
        right, wrong = (float(v_loss(trainer.averaged_network(), *settings, i).mean().detach()) for i in (ids, ids.flip(0)))
        self.assertLess(right, 0.5 * wrong)

    def test_a_run_to_a_deadline_publishes_and_exports(self) -> None:
        published = os.path.join(self.root, "published")
        deadline = ["--deadline", str(time.time() + 20), "--publish", published, "--publish-seconds", "1"]
        train_text.main(self.arguments("timed", *deadline, "--report-seconds", "0.5"))
        self.assertEqual(sorted(os.listdir(published)), ["log.json", "model-1.safetensors", "model-2.safetensors", "samples.png"])
        with open(os.path.join(published, "log.json"), encoding="utf-8") as file:
            curve = json.load(file)["curve"]
        self.assertTrue(all(0 < error < 2 for error in curve[-1]["trained"].values()))
        export = os.path.join(self.root, "timed", "export")
        architecture, state = load_shards(published)
        again = os.path.join(self.root, "again")
        save_folder(again, architecture, state, load_tokenizer(os.path.join(export, "tokenizer")), 16)
        for path in ("unet/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors"):
            a, b = (safetensors_io.load(os.path.join(folder, path))[0] for folder in (export, again))
            self.assertEqual(set(a), set(b))
            for name, tensor in a.items():
                self.assertTrue(np.array_equal(tensor, b[name]), name)
        with open(os.path.join(export, "unet", "config.json"), encoding="utf-8") as file:
            config = json.load(file)
        self.assertEqual(config["down_block_types"], ["DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"])
        self.assertEqual(config["up_block_types"], ["CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"])
        names = set(safetensors_io.load(os.path.join(export, "text_encoder", "model.safetensors"))[0])
        self.assertIn("text_model.encoder.layers.0.self_attn.q_proj.weight", names)

    def test_a_broken_loss_goes_back(self) -> None:
        """NaN in the weights: the run takes up its last checkpoint with half the learning rate."""
        os.makedirs(os.path.join(self.root, "nan"))
        trainer = train_text.Trainer(train_text.parse_arguments(self.arguments("nan", "--iterations", "6", "--report-seconds", "0")))
        step, done = trainer.step, []

        def broken() -> Tensor:
            loss = step()
            if not done:
                done.append(True)
                with torch.no_grad():
                    next(trainer.network.parameters()).fill_(math.nan)
                return loss * math.nan
            return loss

        trainer.step = broken  # type: ignore[method-assign]
        train_text.train(trainer, [])
        self.assertEqual(trainer.slower, 0.5)
        self.assertEqual(trainer.iteration, 6)
        self.assertTrue(all(torch.isfinite(p).all() for p in trainer.network.parameters()))


if __name__ == "__main__":
    unittest.main()
