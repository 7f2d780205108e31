"""A small convolutional network over a picture, and additive attention over its patches.

Three blocks of 3 × 3 convolution, normalisation, ReLU and 2 × 2 maximum make one state for each
patch of 8 × 8 pixels: 6 × 6 patches of 48 pixels, 7 × 7 of 56. A state sees 22 pixels across.
Normalisation is over the channels of a pixel (Ba et al. 2016). Over the whole picture, as in group
normalisation, each state would know of all others, and attention could stand anywhere: on pictures
with one coloured square it stood there for 13% instead of 98%.
"""

import itertools
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import affine_grid, grid_sample

from han_core.models.attention import AdditiveAttention
from han_core.text.batch import owners

PATCH = 8  # pixels of a patch's side


@dataclass(frozen=True)
class PatchOutput:
    """What the network makes of pictures.

    Attributes:
        vectors: (pictures, size) the states pooled by attention.
        attention: (pictures, rows × columns) sum 1 in each picture, row after row.
        states: (pictures, rows × columns, size)
    """

    vectors: Tensor
    attention: Tensor
    states: Tensor


class PatchNetwork(nn.Module):
    """Convolutions and attention.

    Args:
        width: channels of the first block; each further one has twice as many.
        attention_size: units of the attention.
    """

    def __init__(self, width: int, attention_size: int):
        super().__init__()
        widths = [3, width, 2 * width, 4 * width]
        self.blocks = nn.Sequential(*(_block(a, b) for a, b in itertools.pairwise(widths)))
        self.size = widths[-1]
        self.attention = AdditiveAttention(self.size, attention_size)

    def forward(self, pixels: Tensor, attention: Tensor | None = None) -> PatchOutput:
        """Read pictures.

        Args:
            pixels: (pictures, 3, size, size) as ``standardised`` gives them.
            attention: (pictures, rows × columns) weights to use instead of the network's own.
        """
        states = self.blocks(pixels).flatten(2).transpose(1, 2)  # (pictures, patches, size)
        return self.pool(states, attention)

    def pool(self, states: Tensor, attention: Tensor | None = None) -> PatchOutput:
        """As ``forward``, from states (pictures, patches, size)."""
        pictures, patches, size = states.shape
        owner = owners(torch.full((pictures,), patches, device=states.device))
        given = None if attention is None else attention.flatten()
        vectors, weights = self.attention(states.reshape(-1, size), owner, states.mean(1), given)
        return PatchOutput(vectors, weights.view(pictures, patches), states)


class _ChannelNorm(nn.LayerNorm):
    """Layer normalisation of each pixel's channels."""

    def forward(self, states: Tensor) -> Tensor:
        """(pictures, channels, rows, columns) to the same shape."""
        return super().forward(states.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _block(channels: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False),
        _ChannelNorm(width),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


def standardised(pixels: Tensor) -> Tensor:
    """(pictures, size, size, 3) bytes → (pictures, 3, size, size) of about −2 to 2."""
    return (pixels.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.25


def varied(pixels: Tensor, strength: float) -> Tensor:
    """Return pictures moved, scaled and mirrored by chance, for training.

    Args:
        pixels: (pictures, 3, size, size) standardised; what comes in from outside is white.
        strength: the farthest move, as a share of half the side; sizes change by up to 1.2 times
            it, and half of the pictures are mirrored.
    """
    count = len(pixels)
    chance = torch.rand(count, 4, device=pixels.device) * 2 - 1
    scale = 1 + 1.2 * strength * chance[:, 0]
    change = torch.zeros(count, 2, 3, device=pixels.device)
    change[:, 0, 0] = torch.where(chance[:, 1] > 0, scale, -scale)
    change[:, 1, 1] = scale
    change[:, :, 2] = strength * chance[:, 2:]
    white = standardised(torch.full((1, 1, 1, 3), 255.0, device=pixels.device))
    grid = affine_grid(change, list(pixels.shape), align_corners=False)
    return grid_sample(pixels - white, grid, align_corners=False) + white
