"""Training crops and validation images from folders of pictures. Every batch is a function of (seed, iteration) alone."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import List, Sequence, Tuple, Union

import numpy as np
import torch
from PIL import Image
from torch import Tensor

EXTENSIONS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
DEFAULT_SCALES = (1.0, 0.8, 0.6, 0.4)


def list_images(folders: Sequence[str]) -> List[str]:
    """All pictures under the folders, in a fixed order."""
    paths = []
    for folder in folders:
        if not os.path.isdir(folder):
            raise FileNotFoundError(f"expected a folder of images, got {folder}")
        for root, _, names in os.walk(folder):
            paths.extend(os.path.join(root, name) for name in names if name.lower().endswith(EXTENSIONS))
    if not paths:
        raise FileNotFoundError(f"found no images ({', '.join(EXTENSIONS)}) in {', '.join(folders)}")
    return sorted(paths)


def read_rgb(path: str) -> Image.Image:
    with Image.open(path) as image:
        return image.convert("RGB")


class CropSource:
    """Random crops of random pictures at random scales, flipped and turned.

    A (picture, scale) pair is drawn in proportion to its pixels, so that every patch of every picture is about equally likely.
    `short_side`: larger pictures are brought to it first, for what a camera writes is soft at its own pixels; 0 for none.
    """

    def __init__(
        self, paths: Sequence[str], size: int, scales: Sequence[float] = DEFAULT_SCALES, short_side: int = 0
    ) -> None:
        self.size = size

        def read(path: str) -> List[np.ndarray]:
            image = read_rgb(path)
            most = min(1.0, short_side / min(image.size)) if short_side else 1.0
            pictures = []
            for scale in (most * scale for scale in scales):
                width, height = round(image.width * scale), round(image.height * scale)
                if min(width, height) < size:
                    continue
                resized = image if scale == 1 else image.resize((width, height), Image.LANCZOS)
                pictures.append(np.asarray(resized, dtype=np.uint8))
            return pictures

        with ThreadPoolExecutor() as pool:
            self.pictures = [picture for pictures in pool.map(read, paths) for picture in pictures]
        if not self.pictures:
            raise ValueError(f"expected pictures of at least {size} pixels on the short side, found none")
        pixels = np.array([picture.shape[0] * picture.shape[1] for picture in self.pictures], dtype=np.float64)
        self.cumulative = np.cumsum(pixels / pixels.sum())

    def batch(self, seed: int, iteration: int, count: int) -> np.ndarray:
        """uint8 crops of the given iteration, (count, size, size, 3)."""
        random = np.random.Generator(np.random.PCG64([seed, iteration]))
        crops = np.empty((count, self.size, self.size, 3), dtype=np.uint8)
        for index in range(count):
            which = min(int(np.searchsorted(self.cumulative, random.random())), len(self.pictures) - 1)
            picture = self.pictures[which]
            top = random.integers(picture.shape[0] - self.size + 1)
            left = random.integers(picture.shape[1] - self.size + 1)
            crop = picture[top : top + self.size, left : left + self.size]
            crop = np.rot90(crop, random.integers(4))
            crops[index] = crop[:, ::-1] if random.integers(2) else crop
        return crops


class ResidentCrops:
    """The same distribution of crops as `source`'s, cut on a device that holds all pictures: a GPU is never waited for."""

    def __init__(self, source: CropSource, device: torch.device) -> None:
        self.size, self.device = source.size, device
        flat = np.concatenate([picture.reshape(-1, 3) for picture in source.pictures])
        shapes = torch.tensor([picture.shape[:2] for picture in source.pictures])
        areas = shapes.prod(dim=1)
        self.pixels = torch.from_numpy(flat).to(device)
        self.starts = (areas.cumsum(0) - areas).to(device)
        self.heights, self.widths = shapes.to(device).unbind(dim=1)
        self.cumulative = torch.from_numpy(source.cumulative).to(device)

    def batch(self, random: torch.Generator, count: int) -> Tensor:
        """uint8 crops (count, size, size, 3) on the device, from a generator of the device."""
        draws = torch.rand(4, count, generator=random, device=self.device, dtype=torch.float64)
        which = torch.searchsorted(self.cumulative, draws[0].contiguous()).clamp_max(len(self.starts) - 1)
        height, width = self.heights[which], self.widths[which]
        top = (draws[1] * (height - self.size + 1)).long()
        left = (draws[2] * (width - self.size + 1)).long()
        turn = (draws[3] * 8).long()[:, None]
        forward = torch.arange(self.size, device=self.device).expand(count, -1)
        backward = self.size - 1 - forward
        rows = (top[:, None] + torch.where(turn % 2 == 0, forward, backward)) * width[:, None]
        columns = left[:, None] + torch.where(turn // 2 % 2 == 0, forward, backward)
        index = rows[:, :, None] + columns[:, None, :] + self.starts[which][:, None, None]
        return self.pixels[torch.where(turn[:, :, None] < 4, index, index.transpose(1, 2))]


class TileSource:
    """Random tiles of pictures that are sheets of square tiles, mirrored half of the time: faces, say."""

    def __init__(self, paths: Sequence[str], tile: int) -> None:
        tiles: List[np.ndarray] = []
        for path in paths:
            sheet = np.asarray(read_rgb(path), dtype=np.uint8)
            rows, columns = sheet.shape[0] // tile, sheet.shape[1] // tile
            cut = sheet[: rows * tile, : columns * tile].reshape(rows, tile, columns, tile, 3)
            tiles.append(cut.transpose(0, 2, 1, 3, 4).reshape(-1, tile, tile, 3))
        self.tiles = np.concatenate(tiles)

    def batch(self, seed: int, iteration: int, count: int) -> np.ndarray:
        """uint8 tiles of the given iteration, (count, tile, tile, 3)."""
        random = np.random.Generator(np.random.PCG64([seed, iteration]))
        chosen = self.tiles[random.integers(len(self.tiles), size=count)]
        mirrored = random.integers(2, size=count) == 1
        return np.where(mirrored[:, None, None, None], chosen[:, :, ::-1], chosen)


Source = Union[CropSource, TileSource]


def open_source(paths: Sequence[str], size: int, scales: Sequence[float] = DEFAULT_SCALES, tile: int = 0) -> Source:
    """Crops of photographs, or the tiles of sheets where `tile` is given (which must then be the size)."""
    if not tile:
        return CropSource(paths, size, scales)
    if tile != size:
        raise ValueError(f"expected --patch {tile}, the side of a tile, got {size}")
    return TileSource(paths, tile)


class Prefetch:
    """Makes the next batch on a thread while the current one trains."""

    def __init__(self, source: Source, seed: int, count: int) -> None:
        self.source, self.seed, self.count = source, seed, count
        self.pool = ThreadPoolExecutor(max_workers=1)
        self.pending: Tuple[int, object] = (-1, None)

    def get(self, iteration: int) -> np.ndarray:
        ready, future = self.pending
        batch = future.result() if ready == iteration else self.source.batch(self.seed, iteration, self.count)
        self.pending = (iteration + 1, self.pool.submit(self.source.batch, self.seed, iteration + 1, self.count))
        return batch


def center_multiple(path: str, multiple: int, limit: int = 0) -> np.ndarray:
    """The picture's centre, cropped to a multiple (and to `limit` pixels a side where given): float32 (3, H, W) in [-1, 1]."""
    pixels = np.asarray(read_rgb(path), dtype=np.float32)
    height, width = pixels.shape[:2]
    if limit:
        height, width = min(height, limit), min(width, limit)
    height, width = height // multiple * multiple, width // multiple * multiple
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    crop = pixels[top : top + height, left : left + width]
    return np.ascontiguousarray(crop.transpose(2, 0, 1)) / 127.5 - 1
