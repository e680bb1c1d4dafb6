"""A few seconds of the latent recipes: `python3 -m unittest test_latent` in this folder."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from typing import Dict, List

import numpy as np
import torch
from PIL import Image

import train_autoencoder
import train_latent
from autoencoder import edge_loss, kl_divergence
from data import TileSource
from export import load_autoencoder, sha256_of
from model import ShuffleUNet, denoise, edm_coefficients, edm_loss, shuffle_unet_architecture
from test_train import ScratchTest, losses
from train_latent import LatentSpace


class LatentRecipeTest(ScratchTest):
    def arguments(self, out: str, *more: str) -> List[str]:
        fixed = ["--preset", "tiny", "--iterations", "200", "--batch", "4", "--patch", "16", "--warmup", "5", "--lr", "3e-3"]
        folders = ["--data", os.path.join(self.root, "train"), "--out", os.path.join(self.root, out)]
        validation = ["--validation", os.path.join(self.root, "held-out"), "--validate-every", "100"]
        return folders + fixed + validation + ["--log-every", "20", "--device", "cpu", "--threads", "1", *more]

    def validation_errors(self, out: str) -> List[Dict[str, float]]:
        with open(os.path.join(self.root, out, "curve.jsonl"), encoding="utf-8") as file:
            return [entry["rmse"] for entry in map(json.loads, file) if "rmse" in entry]

    def assert_same_state(self, a: str, b: str) -> None:
        first, second = self.checkpoint(a), self.checkpoint(b)
        for part in ("network", "average"):
            for name in first[part]:
                self.assertTrue(torch.equal(first[part][name], second[part][name]), name)

    def test_an_autoencoder_and_its_latent_denoiser(self) -> None:
        train_autoencoder.main(self.arguments("ae"))
        curve = losses(os.path.join(self.root, "ae"))
        self.assertLess(curve[-1], 0.7 * curve[0])
        with self.assertRaises(SystemExit):
            train_autoencoder.main(self.arguments("ae-parts", "--stop-at", "77"))
        train_autoencoder.main(self.arguments("ae-parts"))
        self.assert_same_state("ae", "ae-parts")

        card_path = os.path.join(self.root, "ae", "export", "card.json")
        with open(card_path, encoding="utf-8") as file:
            card = json.load(file)
        self.assertGreater(card["measured"]["validationPsnr"], 20)
        space = LatentSpace(card_path, torch.device("cpu"))
        x = torch.from_numpy(np.stack([train_autoencoder.center_multiple(os.path.join(self.root, "train", "0.png"), 8)]))
        z = space.encode(x)
        self.assertEqual(tuple(z.shape), (1, 4, x.shape[2] // 4, x.shape[3] // 4))
        self.assertLess(float((space.decode(z) - load_autoencoder(card_path).decode(space.network.encode(x)[0])).abs().max()), 1e-4)

        latent = ["--autoencoder", card_path]
        train_latent.main(self.arguments("latent", *latent))
        errors = self.validation_errors("latent")
        self.assertLess(errors[-1]["1"], 0.95 * errors[0]["1"])
        self.assertAlmostEqual(errors[0]["1"], 2**-0.5, delta=0.15)  # untrained, it only scales: Wiener's filter of unit variances
        with self.assertRaises(SystemExit):
            train_latent.main(self.arguments("latent-parts", *latent, "--stop-at", "64"))
        train_latent.main(self.arguments("latent-parts", *latent))
        self.assert_same_state("latent", "latent-parts")

        attention = ["--preset", "tiny-attention", "--iterations", "12"]
        train_latent.main(self.arguments("attention", *latent) + attention)
        with open(os.path.join(self.root, "attention", "export", "card.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["architecture"]["type"], "conditional-unet")

        folder = os.path.join(self.root, "latent", "export")
        with open(os.path.join(folder, "card.json"), encoding="utf-8") as file:
            exported = json.load(file)
        for entry in (exported["weights"], exported["autoencoder"]["weights"]):
            self.assertEqual(entry["sha256"], sha256_of(os.path.join(folder, entry["file"])))
        self.assertEqual(exported["preconditioning"]["sigmaData"], 1.0)
        self.assertLess(exported["measured"]["latentRmse"]["0.1"], 0.15)
        self.assertEqual(exported["image"]["channels"], 3)
        self.assertEqual(exported["architecture"]["channels"], 4)


class LossTest(unittest.TestCase):
    def test_kl_of_a_standard_normal_is_zero(self) -> None:
        zero = torch.zeros(2, 4, 3, 3)
        self.assertTrue(torch.equal(kl_divergence(zero, zero), torch.zeros(2)))
        # KL(N(1, e) || N(0, 1)) = (1 + e - 1 - 1) / 2
        self.assertAlmostEqual(float(kl_divergence(zero + 1, zero + 1)[0]), (np.e - 1) / 2, places=5)

    def test_edges_ignore_a_shift_and_see_a_step(self) -> None:
        a = torch.rand(1, 3, 16, 16)
        self.assertLess(float(edge_loss(a + 0.5, a)), 1e-6)
        step = torch.zeros(1, 3, 16, 16)
        step[..., 8:] = 1
        # One of 15, 7 and 3 horizontal differences is 1, no vertical one; the mean over three octaves and two directions.
        self.assertAlmostEqual(float(edge_loss(step, torch.zeros_like(step))), (1 / 15 + 1 / 7 + 1 / 3) / 6, places=5)

    def test_the_loss_follows_the_spread_of_the_data(self) -> None:
        torch.manual_seed(0)
        network = ShuffleUNet(shuffle_unet_architecture([8, 12], [1, 1], [8, 4], channels=4, shuffle=1))
        clean, noise, sigma = torch.randn(3, 4, 8, 8), torch.randn(3, 4, 8, 8), torch.tensor([0.05, 0.5, 20.0])
        _, c_out, _, _ = edm_coefficients(sigma, 1.0)
        noisy = clean + sigma[:, None, None, None] * noise
        expected = (denoise(network, noisy, sigma, 1.0) - clean).square().mean(dim=(1, 2, 3)) / c_out**2
        self.assertTrue(torch.allclose(edm_loss(network, clean, sigma, noise, 1.0), expected, rtol=1e-3))


class TileTest(unittest.TestCase):
    def test_tiles_are_cut_whole(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            sheet = np.arange(6, dtype=np.uint8).reshape(2, 3).repeat(8, axis=0).repeat(8, axis=1)
            path = os.path.join(folder, "sheet.png")
            Image.fromarray(np.stack([sheet] * 3, axis=-1)).save(path)
            source = TileSource([path], 8)
            self.assertEqual(source.tiles.shape, (6, 8, 8, 3))
            for index, tile in enumerate(source.tiles):
                self.assertTrue((tile == index).all())
            self.assertTrue(np.array_equal(source.batch(0, 1, 5), source.batch(0, 1, 5)))


if __name__ == "__main__":
    unittest.main()
