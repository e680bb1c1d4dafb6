"""A few seconds of the recipe: `python3 -m unittest test_train` in this folder."""

from __future__ import annotations

import json
import math
import os
import tempfile
import unittest
from typing import Dict, List, Tuple
from unittest import mock

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

import safetensors_io
from data import CropSource, ResidentCrops, list_images
from export import load_prior, sha256_of
from ffdnet import detail_weights
from licences import check_card, read_sources
from model import ShuffleUNet, denoise, edm_coefficients, edm_loss, grow_from, shuffle_unet_architecture
from muon import orthogonalise
from prepare_photos import main as prepare_photos
from train_prior import Trainer, level_weights, main, noise_levels, parse_arguments
from trainer import run


def reflected_gaussian(x: Tensor, std: float) -> Tensor:
    """The Gaussian average of a picture that goes on as its mirror image without end: a product in the Fourier domain."""
    whole = torch.cat([x, x.flip(2)], 2)
    whole = torch.cat([whole, whole.flip(3)], 3)
    rows, columns = (torch.exp(-2 * (math.pi * std * torch.fft.fftfreq(n)) ** 2) for n in whole.shape[2:])
    smooth = torch.fft.ifft2(torch.fft.fft2(whole) * rows[:, None] * columns).real
    return smooth[:, :, : x.shape[2], : x.shape[3]]


def write_pictures(folder: str, count: int) -> None:
    """Smooth random pictures: something that a denoiser can learn in a minute."""
    os.makedirs(folder)
    random = np.random.default_rng(0)
    for index in range(count):
        small = random.integers(0, 256, (4, 5, 3), dtype=np.uint8)
        Image.fromarray(small).resize((80, 64), Image.BICUBIC).save(os.path.join(folder, f"{index}.png"))


def losses(folder: str) -> List[float]:
    with open(os.path.join(folder, "curve.jsonl"), encoding="utf-8") as file:
        return [entry["loss"] for entry in map(json.loads, file) if "loss" in entry]


class ScratchTest(unittest.TestCase):
    """A folder of random pictures to train on, shared by the tests of a class."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = cls.scratch.name
        write_pictures(os.path.join(cls.root, "train"), 6)
        write_pictures(os.path.join(cls.root, "held-out"), 2)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.scratch.cleanup()

    def checkpoint(self, out: str) -> Dict[str, object]:
        return torch.load(os.path.join(self.root, out, "checkpoint.pt"))


class RecipeTest(ScratchTest):
    def arguments(self, out: str, *more: str) -> List[str]:
        fixed = ["--preset", "tiny", "--iterations", "240", "--batch", "4", "--patch", "16", "--warmup", "5", "--lr", "5e-3"]
        folders = ["--data", os.path.join(self.root, "train"), "--out", os.path.join(self.root, out)]
        return folders + fixed + ["--log-every", "20", "--device", "cpu", "--threads", "1", *more]

    def test_learns_resumes_exactly_and_exports(self) -> None:
        validation = ["--validation", os.path.join(self.root, "held-out"), "--validate-every", "120"]
        main(self.arguments("whole", *validation))
        curve = losses(os.path.join(self.root, "whole"))
        self.assertLess(curve[-1], 0.9 * curve[0])

        with self.assertRaises(SystemExit):
            main(self.arguments("parts", "--stop-at", "95"))
        main(self.arguments("parts"))
        whole, parts = self.checkpoint("whole"), self.checkpoint("parts")
        self.assertEqual(parts["iteration"], 240)
        for name in whole["network"]:
            self.assertTrue(torch.equal(whole["network"][name], parts["network"][name]), name)
            self.assertTrue(torch.equal(whole["average"][name], parts["average"][name]), name)

        folder = os.path.join(self.root, "whole", "export")
        network = load_prior(os.path.join(folder, "card.json"))
        with open(os.path.join(folder, "card.json"), encoding="utf-8") as file:
            card = json.load(file)
        self.assertEqual(card["weights"]["sha256"], sha256_of(os.path.join(folder, "weights.safetensors")))
        self.assertEqual(card["weights"]["dtype"], "float16")
        self.assertGreater(card["measured"]["validationPsnr"]["0.3922"], 15)
        average = ShuffleUNet(whole["architecture"])
        average.load_state_dict(whole["average"])
        x, sigma = torch.randn(1, 3, 16, 16), torch.tensor([0.5])
        with torch.no_grad():
            self.assertLess(float((denoise(network, x, sigma) - denoise(average, x, sigma)).abs().max()), 5e-3)

    def test_keeps_a_share_of_what_it_started_from(self) -> None:
        main(self.arguments("base", "--iterations", "2"))
        init = os.path.join(self.root, "base", "export", "weights.safetensors")
        main(self.arguments("kept", "--iterations", "3", "--init", init, "--keep-start", "0.25"))
        start, _ = safetensors_io.load(init)
        kept, _ = safetensors_io.load(os.path.join(self.root, "kept", "export", "weights.safetensors"))
        for name, average in self.checkpoint("kept")["average"].items():
            expected = 0.75 * average.numpy() + 0.25 * start[name].astype(np.float32)
            np.testing.assert_allclose(kept[name].astype(np.float32), expected, rtol=2e-3, atol=1e-5)

    def test_brings_large_pictures_to_a_short_side(self) -> None:
        paths = list_images([os.path.join(self.root, "train")])
        source = CropSource(paths, 16, [1, 0.5], short_side=32)
        self.assertEqual({picture.shape for picture in source.pictures}, {(32, 40, 3), (16, 20, 3)})

    def test_trains_by_the_clock(self) -> None:
        main(self.arguments("clock", "--seconds", "3", "--iterations", "1000000000", "--ema", "1", "--second-ema", "30", "--balance"))
        state = self.checkpoint("clock")
        self.assertGreater(state["iteration"], 3)
        with open(os.path.join(self.root, "clock", "curve.jsonl"), encoding="utf-8") as file:
            self.assertEqual([json.loads(line) for line in file][-1]["lr"], 0)
        folder = os.path.join(self.root, "clock", "export")
        second, _ = safetensors_io.load(os.path.join(folder, "weights-second.safetensors"))
        for name, tensor in state["second"].items():
            np.testing.assert_allclose(second[name].astype(np.float32), tensor.numpy(), rtol=2e-3, atol=1e-5)
        self.assertFalse(all(torch.equal(state["second"][name], tensor) for name, tensor in state["average"].items()))
        load_prior(os.path.join(folder, "card.json"))

    def test_goes_back_and_slows_down_when_the_loss_breaks(self) -> None:
        trainer = Trainer(parse_arguments(self.arguments("broken", "--iterations", "12", "--log-every", "4")))
        batch, seen = trainer.batch, []

        def breaks_once(random: torch.Generator) -> Tuple[Tensor, ...]:
            clean, sigma, noise = batch(random)
            seen.append(trainer.iteration)
            return (clean * math.nan if len(seen) == 7 else clean), sigma, noise

        trainer.batch = breaks_once
        os.makedirs(trainer.options.out, exist_ok=True)
        run(trainer)
        self.assertEqual(seen, [*range(8), *range(4, 12)])
        self.assertEqual(trainer.slower, 0.5)
        self.assertTrue(all(tensor.isfinite().all() for tensor in trainer.average.values()))

    def test_goes_on_without_a_compiler(self) -> None:
        with mock.patch.object(torch, "compile", side_effect=RuntimeError("none here"), create=True):
            main(self.arguments("eager", "--iterations", "2", "--compile"))
        self.assertEqual(self.checkpoint("eager")["iteration"], 2)

    def test_refuses_another_architecture_in_the_same_folder(self) -> None:
        with self.assertRaises(SystemExit):
            main(self.arguments("other", "--stop-at", "1"))
        with self.assertRaisesRegex(ValueError, "holds"):
            Trainer(parse_arguments(self.arguments("other", "--widths", "8", "24", "--blocks", "1", "1")))


class CropsTest(unittest.TestCase):
    def test_resident_crops_are_windows_in_all_eight_positions(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            random = np.random.default_rng(1)
            for index in range(2):
                picture = random.integers(0, 256, (5 + index, 7, 3), dtype=np.uint8)
                Image.fromarray(picture).save(os.path.join(folder, f"{index}.png"))
            source = CropSource(list_images([folder]), 4, [1])
        windows = {}
        for which, picture in enumerate(source.pictures):
            for top in range(picture.shape[0] - 3):
                for left in range(picture.shape[1] - 3):
                    window = picture[top : top + 4, left : left + 4]
                    for turn in range(4):
                        for mirrored in (False, True):
                            turned = np.rot90(window, turn)
                            turned = turned[:, ::-1] if mirrored else turned
                            windows[turned.tobytes()] = (which, top, left, turn, mirrored)
        resident = ResidentCrops(source, torch.device("cpu"))
        crops = resident.batch(torch.Generator().manual_seed(0), 2000)
        found = [windows[crop.numpy().tobytes()] for crop in crops]  # every crop is one of them
        self.assertEqual(set(found), set(windows.values()))
        self.assertAlmostEqual(sum(which for which, *_ in found) / 2000, 42 / 77, delta=0.05)


class LicenceTest(ScratchTest):
    """Pictures with sources become a smaller folder, and their authors stand on the card."""

    def test_the_card_names_every_picture_and_only_free_ones_are_taken(self) -> None:
        folder, out = os.path.join(self.root, "train"), os.path.join(self.root, "photos")
        licences = ["CC0", "CC BY 2.0", "CC BY-SA 4.0", "public domain", "CC0", "CC BY (version not stated)"]
        with open(os.path.join(folder, "sources.tsv"), "w", encoding="utf-8") as file:
            file.write("file\ttitle_author\tlicence\tsource\n")
            file.writelines(f'{i}.png\t"Quoted" by A{i}\t{licence}\tsomewhere@{i}\n' for i, licence in enumerate(licences))
        # The sources of a file go with it, whatever the order in which files are found.
        prepare_photos(["--data", folder, "--out", out, "--short-side", "32"])
        self.assertEqual({name: row["licence"] for name, row in read_sources(out).items()}, {
            "0.jpg": "CC0", "1.jpg": "CC BY 2.0", "3.jpg": "public domain", "4.jpg": "CC0",
        })
        with Image.open(os.path.join(out, "0.jpg")) as image:
            self.assertEqual(image.size, (40, 32))
        fixed = ["--preset", "tiny", "--iterations", "1", "--batch", "2", "--patch", "16", "--device", "cpu", "--threads", "1"]
        run_folder = os.path.join(self.root, "licensed")
        main(["--data", out, "--out", run_folder, *fixed])
        with open(os.path.join(run_folder, "export", "card.json"), encoding="utf-8") as file:
            card = json.load(file)
        self.assertEqual([(e["licence"], e["images"]) for e in card["data"]], [("CC0", 2), ("public domain", 1), ("CC BY 2.0", 1)])
        self.assertEqual(card["data"][2]["pictures"], {"1.jpg": '"Quoted" by A1 (somewhere@1)'})
        sources = read_sources(out)
        self.assertEqual(check_card(card, sources), [])
        self.assertEqual(len(check_card({"data": []}, sources)), 1)
        self.assertEqual(len(check_card(card, {k: v for k, v in sources.items() if k != "1.jpg"})), 1)
        sources["0.jpg"] = {**sources["0.jpg"], "licence": "CC BY-SA 4.0"}
        self.assertEqual(len(check_card(card, sources)), 1)
        with self.assertRaisesRegex(ValueError, "CC BY-SA"):
            main(["--data", folder, "--out", os.path.join(self.root, "refused"), *fixed])


class ModelTest(unittest.TestCase):
    def network(self, widths: List[int], blocks: List[int], seed: int) -> ShuffleUNet:
        torch.manual_seed(seed)
        network = ShuffleUNet(shuffle_unet_architecture(widths, blocks, [8, 4]))
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        return network

    def test_a_grown_network_is_the_same_function(self) -> None:
        small = self.network([8, 12], [1, 2], 0)
        torch.manual_seed(1)
        large = ShuffleUNet(shuffle_unet_architecture([16, 20], [2, 3], [8, 4]))
        grow_from(large, {name: tensor.numpy() for name, tensor in small.state_dict().items()})
        x, sigma = torch.randn(2, 3, 16, 12), torch.tensor([0.1, 3.0])
        with torch.no_grad():
            self.assertLess(float((denoise(small, x, sigma) - denoise(large, x, sigma)).abs().max()), 1e-5)

    def test_the_loss_is_the_weighted_denoising_error(self) -> None:
        network = self.network([8, 12], [1, 1], 0)
        clean, noise = torch.rand(3, 3, 8, 8) * 2 - 1, torch.randn(3, 3, 8, 8)
        sigma = torch.tensor([0.05, 0.5, 20.0])
        _, c_out, _, _ = edm_coefficients(sigma)
        noisy = clean + sigma[:, None, None, None] * noise
        expected = (denoise(network, noisy, sigma) - clean).square().mean(dim=(1, 2, 3)) / c_out**2
        self.assertTrue(torch.allclose(edm_loss(network, clean, sigma, noise), expected, rtol=1e-3))

    def test_a_detail_path_starts_as_ffdnet(self) -> None:
        torch.manual_seed(3)
        convolutions = [nn.Conv2d(13, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1), nn.Conv2d(16, 12, 3, padding=1)]
        stack = nn.Sequential(convolutions[0], nn.ReLU(), convolutions[1], nn.ReLU(), convolutions[2])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "ffdnet.safetensors")
            safetensors_io.save(path, {f"model.{name}": t.detach().numpy() for name, t in stack.state_dict().items()}, {})
            weights = detail_weights(path)
        torch.manual_seed(4)
        network = ShuffleUNet(shuffle_unet_architecture([8, 12], [1, 1], [8, 4], detail={"width": 16, "depth": 1, "lowPass": 1.5}))
        unet = self.network([8, 12], [1, 1], 0)
        for given in ({name: tensor.numpy() for name, tensor in unet.state_dict().items()}, weights):
            grow_from(network, given)
        x, sigma = torch.rand(3, 3, 8, 12) * 2 - 1, torch.tensor([0.01, 0.25, 20.0])
        with torch.no_grad():
            d, d_unet = denoise(network, x, sigma), denoise(unet, x, sigma)
            level = (sigma / 2)[:, None, None, None].expand(-1, 1, 4, 6)
            own = 2 * functional.pixel_shuffle(stack(torch.cat([functional.pixel_unshuffle((x + 1) / 2, 2), level], 1)), 2) - 1
            # The gate as its definition has it: an odds of (sigma / a)^2 and one of (b / sigma)^3.
            up, down = (sigma / 0.05725) ** 2, (1.8196 / sigma) ** 3
            weight = (up / (1 + up) * down / (1 + down))[:, None, None, None]
            difference = functional.pixel_unshuffle(own - d_unet, 2)
            fine = functional.pixel_shuffle(difference - reflected_gaussian(difference, 1.5), 2)
        self.assertGreater(float(weight[1]), 0.9)
        self.assertLess(float((d - d_unet - weight * fine).abs().max()), 1e-4)

    def test_coarse_structure_is_the_unets(self) -> None:
        torch.manual_seed(5)
        network = ShuffleUNet(shuffle_unet_architecture([8, 12], [1, 1], [8, 4], detail={"width": 16, "depth": 1, "lowPass": 2}))
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        clean, noise, sigma = torch.rand(2, 3, 16, 24), torch.randn(2, 3, 16, 24), torch.tensor([0.3, 0.6])
        with torch.no_grad():
            unet, answer = network(clean, sigma.log() / 4, both=True).unflatten(0, (2, 2))
            single = edm_loss(network, clean, sigma, noise)
            alone = edm_loss(lambda u, c: network(u, c, both=True)[:2], clean, sigma, noise)
            both = edm_loss(network, clean, sigma, noise, both=True)
        self.assertGreater(float((unet - answer).abs().max()), 1e-3)
        self.assertLess(float((unet - answer).mean(dim=(2, 3)).abs().max()), 1e-5)
        self.assertTrue(torch.allclose(both, (single + alone) / 2))

    def test_noise_levels_cover_the_range(self) -> None:
        options = parse_arguments(["--data", ".", "--out", "."])
        draws = torch.cat([noise_levels(options, torch.Generator().manual_seed(i), 16) for i in range(500)])
        self.assertLess(float(draws.min()), 0.003)
        self.assertGreater(float(draws.max()), 60)
        self.assertAlmostEqual(float(draws.log().median()), -1.6, delta=0.15)

    def test_level_weights_are_greatest_in_mid_noise(self) -> None:
        weights = level_weights(torch.tensor([0.5, 0.125, 2.0, 0.005]))
        self.assertTrue(torch.allclose(weights, torch.tensor([1.0, 0.8, 0.8, 0.19802])))

    def test_muon_orthogonalises_each_matrix(self) -> None:
        torch.manual_seed(0)
        for shape in ((3, 6, 10), (2, 9, 4)):
            singular = torch.linalg.svdvals(orthogonalise(torch.randn(shape)).double())
            self.assertGreater(float(singular.min()), 0.5)
            self.assertLess(float(singular.max()), 1.4)

    def test_safetensors_round_trip(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.safetensors")
            tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones((), np.float16)}
            safetensors_io.save(path, tensors, {"k": "v"})
            loaded, metadata = safetensors_io.load(path)
            self.assertEqual(metadata, {"k": "v"})
            for name, tensor in tensors.items():
                np.testing.assert_array_equal(loaded[name], tensor)
                self.assertEqual(loaded[name].dtype, tensor.dtype)


if __name__ == "__main__":
    unittest.main()
