"""Bidirectional GRU and LSTM over sequences of different lengths, without padding.

Sequences stand one after another in a flat tensor. The parameters are those of ``nn.GRU`` and
``nn.LSTM`` under their usual names, so are several layers: each reads the states of the one
below, with dropout between them in training. What is fast differs: packed on a GPU; on a CPU
the scans in C of ``scan_kernel``. Where those are not built, or in double precision, a scan of
our own, but for the LSTM in training, and for both over few sequences: they run two one-way
passes of torch's over groups of nearly equal length, the second over each sequence exactly
reversed (a padded bidirectional pass would read the padding first).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from han_core.models.recurrent import scan_kernel
from han_core.models.recurrent.scan import (
    GRUScan,
    SharedStates,
    States,
    dense_states,
    dropout,
    final_states,
    looked_up_rows,
    mirror,
    packed_places,
    product,
    run_packed,
    similar_groups,
)
from han_core.models.recurrent.scan_plan import (
    ScanPlan,
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


class _Bidirectional(nn.RNNBase):
    """What both kinds of encoder share.

    Args:
        features: numbers of a step.
        hidden: units of one direction, in every layer.
        layers: one on top of another.
        dropout: share of a layer's states that training leaves out for the next one.
        layer_norm: normalise the top layer's states (Ba et al. 2016), both directions together.
    """

    def __init__(
        self,
        features: int,
        hidden: int,
        layers: int = 1,
        dropout: float = 0.0,
        layer_norm: bool = False,
    ):
        super().__init__(  # the next in line is nn.GRU or nn.LSTM
            features,  # type: ignore[arg-type]
            hidden,
            layers,
            dropout=dropout if layers > 1 else 0.0,
            bidirectional=True,
        )
        self.layer_norm = nn.LayerNorm(2 * hidden) if layer_norm else None

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
            return dense_states(shared), last
        if steps.device.type == "cpu":
            states = self._trained(0, steps, lengths, index)
            for layer in range(1, self.num_layers):
                states = dropout(states, self.dropout, self.training)
                states = self._trained(layer, states, lengths)
        else:
            states = run_packed(super().forward, looked_up_rows(steps, index), lengths)
        return self._normalised(states), self._normalised(final_states(states, lengths))

    def uses_table(self, lengths: Tensor) -> bool:
        """Return whether sequences of these lengths are read from a table of inputs.

        Such a table is read in C or in lockstep, where no gradient is wanted.
        """
        if lengths.device.type != "cpu" or torch.is_grad_enabled():
            return False
        return scan_kernel.usable(next(self.parameters())) or self.lockstep_is_faster(lengths)

    def lockstep_is_faster(self, lengths: Tensor) -> bool:
        """Return whether it is, compared with torch's own layer."""
        raise NotImplementedError

    def project(self, steps: Tensor, layer: int = 0) -> Tensor:
        """Return (2, rows, gates) a layer's inputs of both directions at ``steps``.

        Args:
            steps: (rows, features) what it reads.
        """
        raise NotImplementedError

    def cell(self, layer: int = 0) -> tuple[Step, int]:
        """Return the step of ``run_scan``, of both directions, and the parts of its memory."""
        raise NotImplementedError

    def read_table(
        self, table: Tensor, lengths: Tensor, index: Tensor | None = None, shared: bool = False
    ) -> tuple[States, Tensor]:
        """As ``forward``, from rows that ``project`` made of the first layer's inputs.

        Args:
            shared: many sequences begin or end alike, and that is read once. A higher layer
                reads states that depend on both sides, of which no two are the same.
        """
        if scan_kernel.usable(table, next(self.parameters())):
            states = self._in_c(table, lengths, index, shared)
        else:
            states = self._in_lockstep(table, lengths, index, shared)
        last = final_states(states, lengths)
        if self.layer_norm is None:
            return states, last
        return self._normalised(dense_states(states)), self._normalised(last)

    def _in_c(self, table: Tensor, lengths: Tensor, index: Tensor | None, shared: bool) -> States:
        plan = shared_plan(index, lengths) if shared and index is not None else None
        states: States
        if index is not None and plan is not None and plan.before is not None:
            tables = scan_kernel.plan_states(table, self._weights(0), index, plan)
            states = SharedStates(tables, plan.forward, plan.backward)
        else:
            states = scan_kernel.table_states(table, self._weights(0), lengths, index)
        for layer in range(1, self.num_layers):
            table = self.project(dense_states(states), layer)
            states = scan_kernel.table_states(table, self._weights(layer), lengths)
        return states

    def _in_lockstep(
        self, table: Tensor, lengths: Tensor, index: Tensor | None, shared: bool
    ) -> SharedStates:
        index = torch.arange(table.shape[1]) if index is None else index
        plan = shared_plan(index, lengths) if shared else separate_plan(lengths)
        rows = torch.cat((index, index + table.shape[1])).index_select(0, plan.reads)
        states = self._scan(0, table, rows, plan)
        if self.num_layers > 1 and plan.before is not None:
            plan = separate_plan(lengths)
        for layer in range(1, self.num_layers):
            states = self._scan(layer, self.project(states.dense(), layer), plan.reads, plan)
        return states

    def _scan(self, layer: int, table: Tensor, rows: Tensor, plan: ScanPlan) -> SharedStates:
        tables = run_scan(self.cell(layer), self.hidden_size, table.flatten(0, 1), rows, plan)
        return SharedStates(tables, plan.forward, plan.backward)

    def _normalised(self, states: Tensor) -> Tensor:
        return states if self.layer_norm is None else self.layer_norm(states)

    def _weights(self, layer: int) -> Sequence[Sequence[Tensor]]:
        """Of both directions: input and recurrent weights, input and recurrent biases."""
        return self.all_weights[2 * layer : 2 * layer + 2]

    def _trained(
        self, layer: int, steps: Tensor, lengths: Tensor, index: Tensor | None = None
    ) -> Tensor:
        """States (steps, 2 × hidden) of one layer on a CPU, with a gradient."""
        if not scan_kernel.usable(steps, next(self.parameters())):
            return self._layer(layer, steps, lengths, index)
        return scan_kernel.trained_states(
            looked_up_rows(steps, index), lengths, self._weights(layer)
        )

    def _layer(
        self, layer: int, steps: Tensor, lengths: Tensor, index: Tensor | None = None
    ) -> Tensor:
        """As ``_trained`` without the kernel, by dense one-way passes."""
        steps = looked_up_rows(steps, index)
        starts = lengths.cumsum(0) - lengths
        parts, rows = [], []
        for group in similar_groups(lengths):
            length = lengths[group].unsqueeze(1)  # (group, 1)
            time = torch.arange(int(length.max()))  # (time,)
            real = time < length  # (group, time)
            ahead = time.expand_as(real) * real
            back = (length - 1 - time) * real
            first = starts[group].unsqueeze(1)
            forward, backward = self._weights(layer)
            left = self._one_way(steps[first + ahead], forward)  # (group, time, hidden)
            right = self._one_way(steps[first + back], backward)
            turned = right.gather(1, back.unsqueeze(2).expand_as(right))
            parts.append(torch.cat((left, turned), dim=2)[real])
            rows.append((first + ahead)[real])
        return torch.cat(parts)[torch.cat(rows).argsort()]

    def _one_way(self, steps: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """torch's own layer over (sequences, time, features) that have no padding before them."""
        raise NotImplementedError


class BidirectionalGRU(_Bidirectional, nn.GRU):  # type: ignore[misc]  # ``forward``, as there
    """``nn.GRU`` in both directions, over a flat tensor."""

    def lockstep_is_faster(self, lengths: Tensor) -> bool:
        return int(lengths.sum()) >= ROWS * int(lengths.max())

    def project(self, steps: Tensor, layer: int = 0) -> Tensor:
        (w, _, b, _), (w2, _, b2, _) = self._weights(layer)
        return torch.stack((product(steps, w, b), product(steps, w2, b2)))

    def cell(self, layer: int = 0) -> tuple[Step, int]:
        return gru_step(*self._recurrent(layer))

    def _recurrent(self, layer: int) -> tuple[Tensor, Tensor]:
        """Recurrent weights and their biases, of both directions."""
        (_, u, _, b), (_, u2, _, b2) = self._weights(layer)
        return torch.stack((u, u2)), torch.stack((b, b2))

    def _one_way(self, steps: Tensor, weights: Sequence[Tensor]) -> Tensor:
        start = steps.new_zeros(1, len(steps), self.hidden_size)
        return torch.gru(
            steps, start, list(weights), has_biases=True, num_layers=1, dropout=0.0,
            train=self.training, bidirectional=False, batch_first=True,
        )[0]  # fmt: skip

    def _layer(
        self, layer: int, steps: Tensor, lengths: Tensor, index: Tensor | None = None
    ) -> Tensor:
        """As the base class; with a gradient by the scan that can be differentiated."""
        if not torch.is_grad_enabled():
            return super()._layer(layer, steps, lengths, index)
        place, sizes = packed_places(lengths)
        other = mirror(lengths)
        table, order = self.project(steps, layer), place.argsort()
        rows = torch.stack((order, other[order]))
        rows = rows if index is None else index[rows]
        rows[1] += table.shape[1]
        inputs = table.flatten(0, 1).index_select(0, rows.flatten()).view(2, len(place), -1)
        states = GRUScan.apply(inputs, *self._recurrent(layer), sizes.tolist())
        return torch.cat(
            (states[0].index_select(0, place), states[1].index_select(0, place[other])), dim=1
        )


class BidirectionalLSTM(_Bidirectional, nn.LSTM):  # type: ignore[misc]  # ``forward``, as there
    """``nn.LSTM`` in both directions, over a flat tensor."""

    def lockstep_is_faster(self, lengths: Tensor) -> bool:
        return len(lengths) >= MANY

    def project(self, steps: Tensor, layer: int = 0) -> Tensor:
        """As ``lstm_step`` wants it: with both biases, and g doubled."""
        inputs = [product(steps, w, b + c) for w, _, b, c in self._weights(layer)]
        return doubled(torch.stack(inputs), dim=2)

    def cell(self, layer: int = 0) -> tuple[Step, int]:
        recurrent = torch.stack([u for _, u, _, _ in self._weights(layer)])
        return lstm_step(doubled(recurrent, dim=1))

    def _one_way(self, steps: Tensor, weights: Sequence[Tensor]) -> Tensor:
        start = steps.new_zeros(1, len(steps), self.hidden_size)
        return torch.lstm(
            steps, (start, start), list(weights), has_biases=True, num_layers=1, dropout=0.0,
            train=self.training, bidirectional=False, batch_first=True,
        )[0]  # fmt: skip
