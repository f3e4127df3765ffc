"""Specs to measure with: seeded, so that every run measures the same bytes."""

from __future__ import annotations

import random
from pathlib import Path

__all__ = ["write_large", "write_many", "write_stack"]

WIDTHS = (32, 48, 64, 96, 128, 256, 512)


def write_many(folder: Path, files: int = 1_000, layers: int = 50) -> Path:
    """A folder of specs, each a different network of convolutions and fully connected layers."""
    folder.mkdir()
    for number in range(files):
        (folder / f"model_{number:04}.yaml").write_text(_write(random.Random(number), layers), encoding="utf-8")
    return folder


def write_large(path: Path, layers: int = 100_000) -> Path:
    """One spec with every layer written out."""
    path.write_text(_write(random.Random(0), layers), encoding="utf-8")
    return path


def write_five(path: Path) -> Path:
    """A spec of five types of layers."""
    layers = [
        "{type: Conv2d, out_channels: 6, kernel_size: 5}",
        "ReLU",
        "{type: MaxPool2d, kernel_size: 2}",
        "Flatten",
        "{type: Linear, out_features: 10}",
    ]
    lines = ["modelspec: 1", "input: [1, 28, 28]", "layers:", *[f"  - {layer}" for layer in layers], ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_stack(path: Path, blocks: int) -> Path:
    """A transformer of so many equal blocks."""
    lines = [
        "modelspec: 1",
        f"variables: {{width: 512, blocks: {blocks}}}",
        "input: [128, width]",
        "layers:",
        "  - name: blocks",
        "    repeat: blocks",
        "    layers:",
        "      - type: Residual",
        "        layers: [LayerNorm, {name: attention, type: MultiheadAttention, num_heads: 8}]",
        "      - type: Residual",
        "        layers:",
        "          - LayerNorm",
        "          - {name: up, type: Linear, out_features: 4 * width}",
        "          - GELU",
        "          - {name: down, type: Linear, out_features: width}",
        "  - {name: head, type: Linear, out_features: 1000}",
        "budget: {parameters: 400G, macs: 900T, peak_activation_bytes: 1 GiB}",
        "",
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def _write(rng: random.Random, layers: int) -> str:
    entries: list[str] = []
    head = layers // 2
    while len(entries) < head:
        entries += _convolution(rng, len(entries))
    entries = entries[:head]
    entries += ["  - {type: AdaptiveAvgPool2d, output_size: 1}", "  - Flatten"]
    while len(entries) < layers:
        entries += _fully_connected(rng, len(entries))
    lines = [
        "modelspec: 1",
        f"name: model-{rng.randrange(10**6)}",
        f"variables: {{width: {rng.choice(WIDTHS)}, side: {rng.choice((64, 96, 128))}}}",
        "input: [3, side, side]",
        "layers:",
        *entries[:layers],
        "budget:",
        "  parameters: 900G",
        "",
    ]
    return "\n".join(lines)


def _convolution(rng: random.Random, number: int) -> list[str]:
    channels = rng.choice(WIDTHS)
    return [
        f"  - {{name: conv{number}, type: Conv2d, out_channels: {channels}, kernel_size: 3, padding: 1, bias: false}}",
        "  - BatchNorm2d",
        "  - ReLU",
        "  - type: Conv2d",
        f"    out_channels: {rng.choice((1, 2))} * width",
        "    kernel_size: [3, 3]",
        "    padding: same",
        "  - ReLU",
    ]


def _fully_connected(rng: random.Random, number: int) -> list[str]:
    return [
        f"  - {{name: fc{number}, type: Linear, out_features: {rng.choice(WIDTHS)}, bias: false}}",
        "  - BatchNorm1d",
        "  - ReLU",
        f"  - {{type: Dropout, p: {rng.choice((0.1, 0.2, 0.5))}}}",
        "  - {type: Linear, out_features: 2 * width}",
        "  - ReLU",
    ]
