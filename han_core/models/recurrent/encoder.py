"""Bidirectional GRU and LSTM over sequences of different lengths, without padding.

Sequences stand one after another in a flat tensor. The parameters are those of ``nn.GRU`` and
``nn.LSTM`` under their usual names. What is fast differs: packed on a GPU; on a CPU a scan of
our own, but for the LSTM in training, and for both over few sequences. Those run two one-way
passes of torch's over groups of nearly equal length, the second over each sequence exactly
reversed (a padded bidirectional pass would read the padding first).
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from han_core.models.recurrent.scan import GRUScan, SharedStates, product
from han_core.models.recurrent.scan_plan import (
    Step,
    doubled,
    gru_step,
    lstm_step,
    run_scan,
    separate_plan,
    shared_plan,
)

MANY = 32  # sequences from which on the lockstep is quicker than torch's own LSTM
ROWS = 5  # sequences running at a time, on average, from which on it is than torch's own GRU
WASTE = 1.15  # a group may hold this many times its real steps once it is padded


class _TableReader(nn.RNNBase):
    """Reading in lockstep from a table of inputs, where no gradient is wanted."""

    def uses_table(self, lengths: Tensor) -> bool:
        """Return whether sequences of these lengths are read from a table."""
        free = lengths.device.type == "cpu" and not torch.is_grad_enabled()
        return free and self.lockstep_is_faster(lengths)

    def lockstep_is_faster(self, lengths: Tensor) -> bool:
        """Return whether it is, compared with torch's own layer."""
        raise NotImplementedError

    def project(self, steps: Tensor) -> Tensor:
        """Return (2, rows, gates) inputs of both directions at rows ``steps`` (rows, features)."""
        raise NotImplementedError

    def cell(self) -> tuple[Step, int]:
        """Return the step of ``run_scan``, of both directions, and the parts of its memory."""
        raise NotImplementedError

    def read_table(
        self, table: Tensor, lengths: Tensor, index: Tensor | None = None, shared: bool = False
    ) -> tuple[SharedStates, Tensor]:
        """As ``BidirectionalGRU.forward``, from rows that ``project`` made.

        Args:
            shared: many sequences begin or end alike, and that is read once.
        """
        index = torch.arange(table.shape[1]) if index is None else index
        plan = shared_plan(index, lengths) if shared else separate_plan(lengths)
        rows = torch.cat((index, index + table.shape[1])).index_select(0, plan.reads)
        tables = run_scan(self.cell(), self.hidden_size, table.flatten(0, 1), rows, plan)
        states, ends = SharedStates(tables, plan.forward, plan.backward), lengths.cumsum(0)
        last = torch.cat(
            (tables[0][plan.forward[ends - 1]], tables[1][plan.backward[ends - lengths]]), dim=1
        )
        return states, last

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
        """torch's own layer over (sequences, time, features) that have no padding before them."""
        raise NotImplementedError


class BidirectionalGRU(_TableReader, nn.GRU):
    """``nn.GRU`` of one layer in both directions, over a flat tensor."""

    def __init__(self, features: int, hidden: int):
        super().__init__(features, hidden, bidirectional=True)

    def forward(  # type: ignore[override]  # flat tensor instead of padded
        self, steps: Tensor, lengths: Tensor, index: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Run over every sequence.

        Args:
            steps: (steps, features) the sequences one after another.
            lengths: (sequences,) steps in each, at least 1.
            index: (steps,) where given, the row of ``steps`` that stands at each step;
                rows that stand at many steps are projected once.

        Returns:
            states (steps, 2 × hidden), and for each sequence the last forward
            beside the last backward state (sequences, 2 × hidden).
        """
        if self.uses_table(lengths):
            shared, last = self.read_table(self.project(steps), lengths, index)
            return shared.dense(), last
        if steps.device.type == "cpu" and torch.is_grad_enabled():
            states = self._in_training(steps, lengths, index)
        elif steps.device.type == "cpu":
            states = self._dense(_looked_up_rows(steps, index), lengths)
        else:
            states = _packed(super().forward, _looked_up_rows(steps, index), lengths)
        return states, _final_states(states, lengths)

    def lockstep_is_faster(self, lengths: Tensor) -> bool:
        return int(lengths.sum()) >= ROWS * int(lengths.max())

    def project(self, steps: Tensor) -> Tensor:
        (w, _, b, _), (w2, _, b2, _) = self.all_weights
        return torch.stack((product(steps, w, b), product(steps, w2, b2)))

    def cell(self) -> tuple[Step, int]:
        return gru_step(*self._recurrent())

    def _recurrent(self) -> tuple[Tensor, Tensor]:
        """Recurrent weights and their biases, of both directions."""
        (_, u, _, b), (_, u2, _, b2) = self.all_weights
        return torch.stack((u, u2)), torch.stack((b, b2))

    def _one_way(self, steps: Tensor, weights: Sequence[Tensor]) -> Tensor:
        start = steps.new_zeros(1, len(steps), self.hidden_size)
        return torch.gru(
            steps, start, list(weights), has_biases=True, num_layers=1, dropout=0.0,
            train=self.training, bidirectional=False, batch_first=True,
        )[0]  # fmt: skip

    def _in_training(self, steps: Tensor, lengths: Tensor, index: Tensor | None) -> Tensor:
        """States (steps, 2 × hidden) by the scan that can be differentiated."""
        place, sizes = _packed_places(lengths)
        mirror = _mirror(lengths)
        table, order = self.project(steps), place.argsort()
        rows = torch.stack((order, mirror[order]))
        rows = rows if index is None else index[rows]
        rows[1] += table.shape[1]
        inputs = table.flatten(0, 1).index_select(0, rows.flatten()).view(2, len(place), -1)
        states = GRUScan.apply(inputs, *self._recurrent(), sizes.tolist())
        return torch.cat(
            (states[0].index_select(0, place), states[1].index_select(0, place[mirror])), dim=1
        )


class BidirectionalLSTM(_TableReader, nn.LSTM):
    """``nn.LSTM`` of one layer in both directions, over a flat tensor."""

    def __init__(self, features: int, hidden: int):
        super().__init__(features, hidden, bidirectional=True)

    def forward(  # type: ignore[override]  # flat tensor instead of padded
        self, steps: Tensor, lengths: Tensor, index: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """As ``BidirectionalGRU.forward``."""
        if self.uses_table(lengths):
            shared, last = self.read_table(self.project(steps), lengths, index)
            return shared.dense(), last
        if steps.device.type == "cpu":
            states = self._dense(_looked_up_rows(steps, index), lengths)
        else:
            states = _packed(super().forward, _looked_up_rows(steps, index), lengths)
        return states, _final_states(states, lengths)

    def lockstep_is_faster(self, lengths: Tensor) -> bool:
        return len(lengths) >= MANY

    def project(self, steps: Tensor) -> Tensor:
        """As ``lstm_step`` wants it: with both biases, and g doubled."""
        inputs = [product(steps, w, b + c) for w, _, b, c in self.all_weights]
        return doubled(torch.stack(inputs), dim=2)

    def cell(self) -> tuple[Step, int]:
        return lstm_step(doubled(torch.stack([u for _, u, _, _ in self.all_weights]), dim=1))

    def _one_way(self, steps: Tensor, weights: Sequence[Tensor]) -> Tensor:
        start = steps.new_zeros(1, len(steps), self.hidden_size)
        return torch.lstm(
            steps, (start, start), list(weights), has_biases=True, num_layers=1, dropout=0.0,
            train=self.training, bidirectional=False, batch_first=True,
        )[0]  # fmt: skip


def _looked_up_rows(steps: Tensor, index: Tensor | None) -> Tensor:
    return steps if index is None else steps[index]


def _packed(run: Callable, steps: Tensor, lengths: Tensor) -> Tensor:
    """``run`` (a recurrent layer) over the steps as a packed sequence."""
    place, batch_sizes = _packed_places(lengths)
    packed = PackedSequence(steps[place.argsort()], batch_sizes)
    return run(packed)[0].data[place]


def _packed_places(lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Where each step stands in a packed sequence, and the rows at each time."""
    rank = lengths.argsort(descending=True, stable=True).argsort()  # (sequences,)
    starts = lengths.cumsum(0) - lengths
    owner = torch.arange(len(lengths), device=lengths.device).repeat_interleave(lengths)
    time = torch.arange(len(owner), device=lengths.device) - starts[owner]  # (steps,)
    batch_sizes = time.bincount()
    before = batch_sizes.cumsum(0) - batch_sizes
    return before[time] + rank[owner], batch_sizes.cpu()


def _mirror(lengths: Tensor) -> Tensor:
    """(steps,) the step as far from the other end of its sequence."""
    both_ends = 2 * lengths.cumsum(0) - lengths - 1
    return both_ends.repeat_interleave(lengths) - torch.arange(int(lengths.sum()))


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
