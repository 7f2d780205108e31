"""The states of a recurrent layer that read what sequences share once.

Forward and backward states stand in tables of their own, and each step says which row of
either is its own. So what is done to a state, such as a linear layer, is done once for
all steps that share it. It knows nothing about how states came to be.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from han_core.models.gates import product


@dataclass(frozen=True)
class Readings:
    """States (steps, 2 × hidden) that were never written out.

    Attributes:
        tables: (2, readings, hidden) forward and backward states.
        ahead: (steps,) the row of each step's forward state.
        back: (steps,) the row of its backward state.
    """

    tables: Tensor
    ahead: Tensor
    back: Tensor

    def __len__(self) -> int:
        return len(self.ahead)

    @classmethod
    def repeated(cls, states: Tensor, copies: int) -> "Readings":
        """States (steps, 2 × hidden) as often as that, one after another."""
        rows = torch.arange(len(states), device=states.device).repeat(copies)
        return cls(torch.stack(states.chunk(2, dim=1)), rows, rows)

    def written_out(self, steps: Tensor | None = None) -> Tensor:
        """(steps, 2 × hidden), of all steps or of these."""
        ahead = self.ahead if steps is None else self.ahead[steps]
        back = self.back if steps is None else self.back[steps]
        forward, backward = self.tables
        return torch.cat((forward.index_select(0, ahead), backward.index_select(0, back)), dim=1)

    def through(self, layer: nn.Linear) -> Tensor:
        """(steps, features) what ``layer`` makes of the states."""
        forward, backward = layer.weight.chunk(2, dim=1)
        first = product(self.tables[0], forward.contiguous(), layer.bias)
        second = product(self.tables[1], backward.contiguous())
        return first.index_select(0, self.ahead).add_(second.index_select(0, self.back))

    def pooled(self, weights: Tensor, starts: Tensor) -> Tensor:
        """(segments, 2 × hidden) weighted sums over segments of steps that begin at ``starts``."""
        return torch.cat(
            [
                nn.functional.embedding_bag(
                    rows, table, starts, mode="sum", per_sample_weights=weights
                )
                for rows, table in zip((self.ahead, self.back), self.tables, strict=True)
            ],
            dim=1,
        )


States = Tensor | Readings
"""States (steps, 2 × hidden), written out or not."""


def written_out(states: States) -> Tensor:
    return states.written_out() if isinstance(states, Readings) else states
