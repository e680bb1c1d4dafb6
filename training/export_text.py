"""Writes a text-to-image model as a Diffusers folder, or as two shards while it trains; and makes the one of the other.

    python3 export_text.py --shards FOLDER --tokenizer data/emoji/tokenizer --out models/emoji
"""

from __future__ import annotations

import argparse
import glob
import json
import os
from typing import Dict, List, Mapping, Optional, Tuple

import numpy as np
import torch

import safetensors_io
from export import write_json
from model import Architecture
from text_model import BETA_END, BETA_START, STEPS
from tokenizer import END, START, Tokenizer, load_tokenizer

PARTS = ("unet", "text_encoder")


def half(state: Mapping[str, torch.Tensor]) -> Dict[str, np.ndarray]:
    tensors = {name: tensor.detach().cpu().float().numpy().astype(np.float16) for name, tensor in state.items()}
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise ValueError(f"{name}: expected finite weights in float16")
    return tensors


def save_shards(folder: str, architecture: Architecture, state: Mapping[str, torch.Tensor]) -> None:
    """model-1.safetensors and model-2.safetensors of about the same size; both names carry the architecture."""
    tensors = half(state)
    total, seen = sum(t.nbytes for t in tensors.values()), 0
    shards: Tuple[Dict[str, np.ndarray], Dict[str, np.ndarray]] = ({}, {})
    for name, tensor in tensors.items():
        shards[2 * seen >= total][name] = tensor
        seen += tensor.nbytes
    for index, shard in enumerate(shards):
        path = os.path.join(folder, f"model-{index + 1}.safetensors")
        safetensors_io.save(path, shard, {"architecture": json.dumps(architecture)})


def load_shards(folder: str) -> Tuple[Architecture, Dict[str, torch.Tensor]]:
    state: Dict[str, torch.Tensor] = {}
    architecture: Architecture = {}
    for path in sorted(glob.glob(os.path.join(folder, "model-?.safetensors"))):
        tensors, metadata = safetensors_io.load(path)
        architecture = json.loads(metadata["architecture"])
        state.update({name: torch.from_numpy(tensor.astype(np.float32)) for name, tensor in tensors.items()})
    return architecture, state


def unet_config(a: Architecture, side: int) -> Dict[str, object]:
    """UNet2DConditionModel's."""
    attention: List[bool] = a["attention"]
    return {
        "_class_name": "UNet2DConditionModel",
        "act_fn": "silu",
        "attention_head_dim": a["heads"],  # the number of heads, whatever its name
        "block_out_channels": a["widths"],
        "center_input_sample": False,
        "cross_attention_dim": a["context"],
        "down_block_types": ["CrossAttnDownBlock2D" if on else "DownBlock2D" for on in attention],
        "downsample_padding": 1,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "in_channels": a["channels"],
        "layers_per_block": a["layers"],
        "mid_block_scale_factor": 1,
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "norm_eps": 1e-05,
        "norm_num_groups": a["groups"],
        "out_channels": a["channels"],
        "sample_size": side,
        "up_block_types": ["CrossAttnUpBlock2D" if on else "UpBlock2D" for on in reversed(attention)],
        "use_linear_projection": False,
    }


def text_config(a: Architecture, tokenizer: Tokenizer) -> Dict[str, object]:
    """CLIPTextModel's."""
    return {
        "architectures": ["CLIPTextModel"],
        "attention_dropout": 0.0,
        "bos_token_id": tokenizer.ids[START],
        "eos_token_id": tokenizer.ids[END],
        "hidden_act": "quick_gelu",
        "hidden_size": a["width"],
        "intermediate_size": 4 * int(a["width"]),
        "layer_norm_eps": 1e-05,
        "max_position_embeddings": a["length"],
        "model_type": "clip_text_model",
        "num_attention_heads": a["heads"],
        "num_hidden_layers": a["layers"],
        "pad_token_id": tokenizer.ids[END],
        "projection_dim": a["width"],
        "vocab_size": a["vocabulary"],
    }


SCHEDULER = {
    "_class_name": "DDIMScheduler",
    "beta_end": BETA_END,
    "beta_schedule": "linear",
    "beta_start": BETA_START,
    "clip_sample": True,
    "clip_sample_range": 1.0,
    "num_train_timesteps": STEPS,
    "prediction_type": "v_prediction",
    "rescale_betas_zero_snr": False,
    "set_alpha_to_one": True,
    "steps_offset": 0,
    "timestep_spacing": "trailing",
}


def save_folder(
    folder: str, architecture: Architecture, state: Mapping[str, torch.Tensor], tokenizer: Tokenizer, side: int = 64
) -> None:
    """unet/, text_encoder/, tokenizer/, scheduler/ and model_index.json; weights in float16. Pixels need no vae/."""
    configs = {"unet": unet_config(architecture["unet"], side), "text_encoder": text_config(architecture["text"], tokenizer)}
    files = {"unet": "diffusion_pytorch_model.safetensors", "text_encoder": "model.safetensors"}
    tensors = half(state)
    for part in PARTS:
        os.makedirs(os.path.join(folder, part), exist_ok=True)
        own = {name[len(part) + 1 :]: tensor for name, tensor in tensors.items() if name.startswith(part + ".")}
        safetensors_io.save(os.path.join(folder, part, files[part]), own, {"format": "pt"})
        write_json(os.path.join(folder, part, "config.json"), configs[part])
    tokenizer.save(os.path.join(folder, "tokenizer"))
    os.makedirs(os.path.join(folder, "scheduler"), exist_ok=True)
    write_json(os.path.join(folder, "scheduler", "scheduler_config.json"), SCHEDULER)
    index = {
        "_class_name": "DiffusionPipeline",
        "scheduler": ["diffusers", "DDIMScheduler"],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
    }
    write_json(os.path.join(folder, "model_index.json"), index)


def main(arguments: Optional[List[str]] = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--shards", "--tokenizer", "--out"):
        parser.add_argument(name, required=True)
    options = parser.parse_args(arguments)
    architecture, state = load_shards(options.shards)
    save_folder(options.out, architecture, state, load_tokenizer(options.tokenizer))


if __name__ == "__main__":
    main()
