"""A small speech model on made-up utterances: how many a second, and nothing else.

Like DeepSpeech: dense layers over frames of sound, a recurrent one, and CTC loss. The first steps,
in which libraries warm up, do not count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

RANK = int(os.environ.get("RANK", "0"))
WORLD_SIZE = int(os.environ.get("WORLD_SIZE", "1"))
LOCAL_RANK = int(os.environ.get("LOCAL_RANK", "0"))
LOCAL_WORLD_SIZE = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
OUTPUTS = Path(os.environ.get("RANKZERO_OUTPUTS", "outputs"))
FRAMES, FEATURES, LETTERS, SAID = 100, 26, 29, 20


def main() -> None:
    options = parse()
    device = join()
    torch.manual_seed(RANK)
    model: nn.Module = Speech(options.hidden_units).to(device)
    if WORLD_SIZE > 1:
        model = DistributedDataParallel(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    sounds = torch.randn(options.batch_size, FRAMES, FEATURES, device=device)
    letters = torch.randint(1, LETTERS, (options.batch_size, SAID), device=device)
    took: list[float] = []
    for step in range(1, options.warmup + options.steps + 1):
        began = time.perf_counter()
        train_step(model, optimizer, sounds, letters)
        took.append(time.perf_counter() - began)
        if RANK == 0:
            note = "  (warm-up)" if step <= options.warmup else ""
            print(f"step {step}  {rate(options, took[-1]):.1f} utterances/s{note}")
    if RANK == 0:
        conclude(options, took[options.warmup :], device)
    if WORLD_SIZE > 1:
        dist.destroy_process_group()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--batch-size", type=int, default=32, help="utterances a step of each rank")
    parser.add_argument("--steps", type=int, default=20, help="that count")
    parser.add_argument("--warmup", type=int, default=5, help="steps before those")
    parser.add_argument("--hidden-units", type=int, default=128)
    options = parser.parse_args()
    if options.steps < 1 or options.warmup < 0:
        parser.error("--steps must be at least 1, --warmup at least 0")
    return options


def join() -> torch.device:
    """Meet the other ranks, if there are any; the device that this one computes on."""
    # NCCL needs a GPU for each rank; with fewer, all compute on processors.
    on_gpus = torch.cuda.is_available() and torch.cuda.device_count() >= LOCAL_WORLD_SIZE
    if WORLD_SIZE > 1:
        dist.init_process_group("nccl" if on_gpus else "gloo")
    if not on_gpus:
        return torch.device("cpu")
    torch.cuda.set_device(LOCAL_RANK)
    return torch.device("cuda", LOCAL_RANK)


class Speech(nn.Module):
    """Frames of sound in, the chances of each letter at each frame out."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.dense = nn.Sequential(
            nn.Linear(FEATURES, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU()
        )
        self.recurrent = nn.GRU(hidden, hidden, batch_first=True)
        self.letters = nn.Linear(hidden, LETTERS)

    def forward(self, sounds: torch.Tensor) -> torch.Tensor:
        return self.letters(self.recurrent(self.dense(sounds))[0]).log_softmax(dim=-1)


def train_step(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    sounds: torch.Tensor,
    letters: torch.Tensor,
) -> None:
    """One step of all ranks; it has ended when this returns, also on a GPU."""
    optimizer.zero_grad()
    lengths = torch.full((len(sounds),), FRAMES), torch.full((len(sounds),), SAID)
    loss = nn.functional.ctc_loss(model(sounds).transpose(0, 1), letters, *lengths)
    loss.backward()
    optimizer.step()
    if sounds.is_cuda:
        torch.cuda.synchronize()


def rate(options: argparse.Namespace, seconds: float) -> float:
    """Utterances a second, of all ranks together."""
    return options.batch_size * WORLD_SIZE / seconds


def conclude(options: argparse.Namespace, took: list[float], device: torch.device) -> None:
    """Say what came out, and leave it as data."""
    result = {
        "batch_size": options.batch_size,
        "ranks": WORLD_SIZE,
        "ranks_a_node": LOCAL_WORLD_SIZE,
        "device": device.type,
        "steps": len(took),
        "warmup": options.warmup,
        "step_ms": round(1000 * statistics.median(took), 1),
        "utterances_per_s": round(rate(options, sum(took) / len(took)), 1),
    }
    OUTPUTS.mkdir(parents=True, exist_ok=True)
    (OUTPUTS / "result.json").write_text(json.dumps(result) + "\n")
    print(
        f"total {result['utterances_per_s']} utterances/s on {WORLD_SIZE} x {device.type}"
        f"  {result['step_ms']} ms a step of {WORLD_SIZE} x {options.batch_size}"
        f"  {len(took)} steps after {options.warmup} of warm-up"
    )


if __name__ == "__main__":
    main()
