"""What modelspec is held against: the model of specs/seeds/custom_ffn_v5.yaml in torch, summarised by torchinfo."""

import torch
from torchinfo import summary

HIDDEN = 32


def block(in_features: int, out_features: int) -> list[torch.nn.Module]:
    """One step of the network."""
    return [
        torch.nn.Linear(in_features, out_features),
        torch.nn.BatchNorm1d(out_features),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.2),
    ]


model = torch.nn.Sequential(
    *block(204, HIDDEN),
    *block(HIDDEN, 2 * HIDDEN),
    *block(2 * HIDDEN, 4 * HIDDEN),
    *block(4 * HIDDEN, 8 * HIDDEN),
    *block(8 * HIDDEN, 16 * HIDDEN),
    torch.nn.Linear(16 * HIDDEN, 2),
)
found = summary(model, (1, 204), verbose=0)
assert found.total_params == 184_610
print(found)
