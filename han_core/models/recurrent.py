"""Bidirectional GRU and LSTM over sequences of different lengths, without padding.

Sequences stand one after another in a flat tensor. The parameters are those of
``nn.GRU`` and ``nn.LSTM`` under their usual names. What runs underneath differs,
because what is fast differs: packed on a GPU; on a CPU a scan of our own, but for
the LSTM in training or over few sequences. That runs two one-way passes over groups
of nearly equal length, the second over each sequence exactly reversed (a padded
bidirectional pass would read the padding first).

It knows nothing about words, sentences or attention.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils.rnn import PackedSequence

from han_core.models.lockstep import gru_step, lstm_step, run
from han_core.models.scan import GRUScan

MANY = 32  # sequences from which on the lockstep is quicker than torch's own LSTM
WASTE = 1.15  # a group may hold this many times its real steps once it is padded


class BidirectionalGRU(nn.GRU):
    """``nn.GRU`` of one layer in both directions, over a flat tensor."""

    def __init__(self, features: int, hidden: int):
        super().__init__(features, hidden, bidirectional=True)

    def forward(  # type: ignore[override]  # flat tensor instead of padded
        self, steps: Tensor, lengths: Tensor, index: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Runs over every sequence.

        Args:
            steps: (steps, features) the sequences one after another.
            lengths: (sequences,) steps in each, at least 1.
            index: (steps,) where given, the row of ``steps`` that stands at each step;
                rows that stand at many steps are projected once.

        Returns:
            states (steps, 2 × hidden), and for each sequence the last forward
            beside the last backward state (sequences, 2 × hidden).
        """
        if steps.device.type != "cpu":
            states = _packed(super().forward, _written_out(steps, index), lengths)
        elif torch.is_grad_enabled():
            states = _in_training(self.all_weights, steps, lengths, index)
        else:
            states = _in_lockstep(gru_step, self.all_weights, steps, lengths, index)
        return states, _final_states(states, lengths)


class BidirectionalLSTM(nn.LSTM):
    """``nn.LSTM`` of one layer in both directions, over a flat tensor."""

    def __init__(self, features: int, hidden: int):
        super().__init__(features, hidden, bidirectional=True)

    def forward(  # type: ignore[override]  # flat tensor instead of padded
        self, steps: Tensor, lengths: Tensor, index: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """As ``BidirectionalGRU.forward``."""
        if steps.device.type != "cpu":
            states = _packed(super().forward, _written_out(steps, index), lengths)
        elif torch.is_grad_enabled() or len(lengths) < MANY:
            states = self._dense(_written_out(steps, index), lengths)
        else:
            states = _in_lockstep(lstm_step, self.all_weights, steps, lengths, index)
        return states, _final_states(states, lengths)

    def _dense(self, steps: Tensor, lengths: Tensor) -> Tensor:
        starts = lengths.cumsum(0) - lengths
        parts, rows = [], []
        for group in _groups(lengths):
            length = lengths[group].unsqueeze(1)  # (group, 1)
            time = torch.arange(int(length.max()))  # (time,)
            real = time < length  # (group, time)
            ahead = time.expand_as(real) * real
            back = (length - 1 - time) * real
            first = starts[group].unsqueeze(1)
            parts.append(self._two_passes(steps, first + ahead, first + back, back)[real])
            rows.append((first + ahead)[real])
        return torch.cat(parts)[torch.cat(rows).argsort()]

    def _two_passes(self, steps: Tensor, ahead: Tensor, reverse: Tensor, back: Tensor) -> Tensor:
        """Dense passes over ``steps[ahead]`` and ``steps[reverse]``: (group, time, 2 × hidden)."""
        forward, backward = self.all_weights
        left = self._one_way(steps[ahead], forward)
        right = self._one_way(steps[reverse], backward)
        turned = right.gather(1, back.unsqueeze(2).expand_as(right))
        return torch.cat((left, turned), dim=2)

    def _one_way(self, steps: Tensor, weights: Sequence[Tensor]) -> Tensor:
        start = steps.new_zeros(1, len(steps), self.hidden_size)
        return torch.lstm(
            steps, (start, start), list(weights), has_biases=True, num_layers=1, dropout=0.0,
            train=self.training, bidirectional=False, batch_first=True,
        )[0]  # fmt: skip


def _in_training(
    weights: Sequence[Sequence[Tensor]], steps: Tensor, lengths: Tensor, index: Tensor | None
) -> Tensor:
    """A GRU's states (steps, 2 × hidden) by the scan that can be differentiated."""
    place, reverse, sizes = _both_ways(lengths)
    table, recurrent, bias = _projected(weights, steps)
    order = torch.stack((place.argsort(), reverse.argsort()))
    rows = order if index is None else index[order]
    inputs = torch.stack((table[0][rows[0]], table[1][rows[1]]))
    states = GRUScan.apply(inputs, recurrent, bias, sizes)
    return torch.cat((states[0][place], states[1][reverse]), dim=1)


def _in_lockstep(
    cell: Callable,
    weights: Sequence[Sequence[Tensor]],
    steps: Tensor,
    lengths: Tensor,
    index: Tensor | None,
) -> Tensor:
    """States (steps, 2 × hidden) where no gradient is wanted."""
    place, reverse, sizes = _both_ways(lengths)
    table, recurrent, bias = _projected(weights, steps)
    order = torch.stack((place.argsort(), reverse.argsort()))
    rows = order if index is None else index[order]
    return run(cell(recurrent, bias), recurrent.shape[2], table, rows, order, sizes)


def _both_ways(lengths: Tensor) -> tuple[Tensor, Tensor, list[int]]:
    """Places of the steps read forward and backward, and the sequences at each time."""
    place, sizes = _packed_places(lengths)
    return place, _packed_places(lengths, reverse=True)[0], sizes.tolist()


def _projected(weights: Sequence[Sequence[Tensor]], steps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs (2, steps, gates), recurrent weights and their biases, of both directions."""
    (w, u, wb, ub), (w2, u2, wb2, ub2) = weights
    table = torch.stack((linear(steps, w, wb), linear(steps, w2, wb2)))
    return table, torch.stack((u, u2)), torch.stack((ub, ub2))


def _written_out(steps: Tensor, index: Tensor | None) -> Tensor:
    return steps if index is None else steps[index]


def _packed(run: Callable, steps: Tensor, lengths: Tensor) -> Tensor:
    """``run`` (a recurrent layer) over the steps as a packed sequence."""
    place, batch_sizes = _packed_places(lengths)
    packed = PackedSequence(steps[place.argsort()], batch_sizes)
    return run(packed)[0].data[place]


def _packed_places(lengths: Tensor, reverse: bool = False) -> tuple[Tensor, Tensor]:
    """Where each step stands in a packed sequence, and the rows at each time.

    ``reverse`` packs each sequence from its last step to its first.
    """
    rank = lengths.argsort(descending=True, stable=True).argsort()  # (sequences,)
    starts = lengths.cumsum(0) - lengths
    owner = torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)
    time = torch.arange(len(owner), device=lengths.device) - starts[owner]  # (steps,)
    if reverse:
        time = lengths[owner] - 1 - time
    batch_sizes = time.bincount()
    before = batch_sizes.cumsum(0) - batch_sizes
    return before[time] + rank[owner], batch_sizes.cpu()


def _groups(lengths: Tensor) -> list[Tensor]:
    """Sequences, longest first, cut where padding would waste too much."""
    order = lengths.argsort(descending=True, stable=True)
    groups, begin, real = [], 0, 0
    sizes = lengths[order].tolist()
    for at, size in enumerate(sizes):
        if sizes[begin] * (at - begin + 1) > WASTE * (real + size):
            groups.append(order[begin:at])
            begin, real = at, 0
        real += size
    return [*groups, order[begin:]]


def _final_states(states: Tensor, lengths: Tensor) -> Tensor:
    ends = lengths.cumsum(0)
    forward, backward = states.chunk(2, dim=1)
    return torch.cat((forward[ends - 1], backward[ends - lengths]), dim=1)
