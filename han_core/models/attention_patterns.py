"""Who attends to whom in self-attention, over documents that stand in one flat tensor.

Each pattern takes queries, keys and values (tokens, heads, size) and mixes the values of what a
word may see with scaled dot-product attention (Vaswani et al. 2017, equation 1). No word sees
another document, and what is padded inside is seen by nobody.

* full: every word of the document; n² for a document of n words
* local: ``window`` words on each side; n · window, computed in blocks
* sliding: local, and the document's first words, which see all of it (Beltagy, Peters and Cohan
  2020, section 3.1; here with the same projections for both)

``dense_weights`` is the same attention with all its n² weights written out.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import dropout, pad, scaled_dot_product_attention

from han_core.models.architecture import Architecture
from han_core.models.attention import segment_sum
from han_core.runtime.devices import available_memory
from han_core.runtime.errors import UserError, gibibytes
from han_core.runtime.messages import tr
from han_core.text.batch import Batch

LONGEST_DENSE = 1_024
"""Tokens of the longest document whose weights are written out where words see a window."""

WASTE = 1.125
"""The longest document of a group over its shortest: at most so much is padded."""

BLOCK = 32
"""Queries in a block at least; smaller ones are slow."""


def dense_weights(query: Tensor, key: Tensor, visible: Tensor | None = None) -> Tensor:
    """Return every weight of one document: softmax(q kᵀ / √size), rows that sum to 1.

    Args:
        query, key: (tokens, heads, size).
        visible: (tokens, tokens) bool, which keys each query sees; None for all.

    Returns:
        (heads, tokens, tokens).
    """
    scores = torch.einsum("ihs,jhs->hij", query, key) / query.shape[2] ** 0.5
    if visible is not None:
        scores = scores.masked_fill(~visible, -torch.inf)
    return scores.softmax(2)


class Pattern:
    """What the words of a batch attend to."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, drop: float) -> Tensor:
        """Return what each word takes in, (tokens, heads, size).

        Args:
            drop: share of the weights that is left out, in training.

        Raises:
            UserError: if the weights would need more memory than there is.
        """
        raise NotImplementedError

    def visible(self, tokens: int, device: torch.device) -> Tensor | None:
        """Return ``dense_weights``' argument for a document of ``tokens``.

        Raises:
            UserError: if it is longer than ``LONGEST_DENSE`` and words see a window.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Group:
    """Documents of similar length, laid out as rows of equal length.

    Attributes:
        rows: (documents, longest) of the flat tensor; padded with the document's first.
        real: (documents, longest) bool, what is not padding.
    """

    rows: Tensor
    real: Tensor


class FullAttention(Pattern):
    """Every word sees every word of its document.

    Args:
        lengths: (documents,) tokens in each.
    """

    def __init__(self, lengths: Tensor):
        self.groups = _groups(lengths)
        # (tokens,) where each word stands once the groups' words are put one after another.
        self.order = torch.cat([group.rows[group.real] for group in self.groups]).argsort()

    def attend(self, query: Tensor, key: Tensor, value: Tensor, drop: float) -> Tensor:
        # (documents, heads, longest, size) of each group
        mixed = [self._of_group(group, query, key, value, drop) for group in self.groups]
        return torch.cat(mixed)[self.order]

    @staticmethod
    def _of_group(group: Group, query: Tensor, key: Tensor, value: Tensor, drop: float) -> Tensor:
        documents, longest = group.rows.shape
        if drop or query.device.type not in ("cpu", "cuda"):  # no kernel that saves the memory
            check_memory(documents * query.shape[1] * longest**2, query.device)
        q, k, v = (part[group.rows].transpose(1, 2) for part in (query, key, value))
        # True means: may be attended to.
        mask = None if group.real.all() else group.real[:, None, None]
        mixed = scaled_dot_product_attention(q, k, v, attn_mask=mask, dropout_p=drop)
        return mixed.transpose(1, 2)[group.real]

    def visible(self, tokens: int, device: torch.device) -> None:
        """Nothing is hidden."""


def _groups(lengths: Tensor) -> list[Group]:
    """Documents in groups of which the longest is at most ``WASTE`` times the shortest."""
    order = lengths.argsort(stable=True)
    sizes = lengths[order].tolist()
    starts = lengths.cumsum(0) - lengths
    groups, first = [], 0
    for at in range(1, len(sizes) + 1):
        if at == len(sizes) or sizes[at] > WASTE * sizes[first]:
            members = order[first:at]
            places = torch.arange(sizes[at - 1], device=lengths.device)
            real = places < lengths[members, None]
            groups.append(Group(starts[members, None] + places * real, real))
            first = at
    return groups


class LocalAttention(Pattern):
    """Every word sees ``window`` words on each side, in blocks over the flat tensor.

    Args:
        owner: (tokens,) the document of each.
        window: words on each side.
    """

    def __init__(self, owner: Tensor, window: int):
        self.owner, self.window = owner, window
        self.block = max(window, BLOCK)
        self.near = self._near()

    def _near(self) -> Tensor:
        """(blocks, block, block + 2 · window) bool, which keys near it a query sees."""
        number = torch.arange(len(self.owner), device=self.owner.device)
        numbers, owners = self._queries(number, -1), self._queries(self.owner, -1)
        key_numbers, key_owners = self._keys(number, -1), self._keys(self.owner, -1)
        apart = (numbers[:, :, None] - key_numbers[:, None]).abs() <= self.window
        # Padded queries see the padding, so that no row of weights is empty.
        return apart & (owners[:, :, None] == key_owners[:, None])

    def _queries(self, rows: Tensor, fill: float = 0.0) -> Tensor:
        """(tokens, …) → (blocks, block, …)"""
        short = -len(rows) % self.block
        padded = pad(rows, (0, 0) * (rows.dim() - 1) + (0, short), value=fill)
        return padded.unflatten(0, (-1, self.block))

    def _keys(self, rows: Tensor, fill: float = 0.0) -> Tensor:
        """(tokens, …) → (blocks, block + 2 · window, …), those near each block."""
        sides = (self.window, self.window + -len(rows) % self.block)
        padded = pad(rows, (0, 0) * (rows.dim() - 1) + sides, value=fill)
        near = padded.unfold(0, self.block + 2 * self.window, self.block)
        return near.movedim(-1, 1)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, drop: float) -> Tensor:
        mixed = self._mixed(self._scores(query, key).softmax(3), value, drop)
        return mixed[: len(query)]

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        """(blocks, heads, block, block + 2 · window)"""
        scaled = self._queries(query / query.shape[2] ** 0.5)
        scores = torch.einsum("bihs,bjhs->bhij", scaled, self._keys(key))
        return scores.masked_fill(~self.near[:, None], -torch.inf)

    def _mixed(self, weights: Tensor, value: Tensor, drop: float) -> Tensor:
        """(blocks · block, heads, size)"""
        weights = dropout(weights, drop, training=drop > 0)
        return torch.einsum("bhij,bjhs->bihs", weights, self._keys(value)).flatten(0, 1)

    def visible(self, tokens: int, device: torch.device) -> Tensor:
        if tokens > LONGEST_DENSE:
            raise UserError(
                tr(
                    "All weights of attention within a window are written out for "
                    "documents of up to "
                    "{longest_dense:,} words; this one has {tokens:,}.",
                    longest_dense=LONGEST_DENSE,
                    tokens=tokens,
                )
            )
        number = torch.arange(tokens, device=device)
        return (number[:, None] - number).abs() <= self.window


class SlidingAttention(LocalAttention):
    """Local attention, and the first words of each document: all see them, and they see all.

    Args:
        batch: the documents.
        window: words on each side.
        globals: how many first words of a document are global.
    """

    def __init__(self, batch: Batch, window: int, globals: int):
        self.globals = globals
        lengths = batch.tokens_per_document
        starts = lengths.cumsum(0) - lengths
        ranks = torch.arange(globals, device=lengths.device)
        self.there = ranks < lengths[:, None]  # (documents, globals)
        self.rows = starts[:, None] + ranks * self.there  # (documents, globals)
        owner = batch.document_of_token
        self.is_global = torch.arange(len(owner), device=owner.device) - starts[owner] < globals
        super().__init__(owner, window)

    def _near(self) -> Tensor:
        # A global word near a query counts once: as a global one.
        return super()._near() & ~self._keys(self.is_global, False)[:, None]

    def attend(self, query: Tensor, key: Tensor, value: Tensor, drop: float) -> Tensor:
        size = query.shape[2]
        everywhere = torch.einsum("thd,tghd->tgh", query / size**0.5, key[self.rows][self.owner])
        everywhere = everywhere.masked_fill(~self.there[self.owner][:, :, None], -torch.inf)
        near = self._scores(query, key)  # (blocks, heads, block, near)
        weights = torch.cat([near, self._queries(everywhere).permute(0, 3, 1, 2)], 3).softmax(3)
        near, everywhere = weights.split([near.shape[3], self.globals], 3)
        everywhere = everywhere.permute(0, 2, 3, 1).flatten(0, 1)[: len(query)]
        mixed = self._mixed(near, value, drop)[: len(query)]
        everywhere = dropout(everywhere, drop, training=drop > 0)
        mixed = mixed + torch.einsum("tgh,tghd->thd", everywhere, value[self.rows][self.owner])
        return mixed.index_put((self.rows[self.there],), self._of_globals(query, key, value, drop))

    def _of_globals(self, query: Tensor, key: Tensor, value: Tensor, drop: float) -> Tensor:
        """(global words, heads, size): what these take in from all words of their document."""
        asked = (
            query[self.rows][self.owner] / query.shape[2] ** 0.5
        )  # (tokens, globals, heads, size)
        weights = _segment_softmax(
            torch.einsum("thd,tghd->tgh", key, asked), self.owner, self.there
        )
        weights = dropout(weights, drop, training=drop > 0)
        return segment_sum(weights[..., None] * value[:, None], self.owner, len(self.there))[
            self.there
        ]

    def visible(self, tokens: int, device: torch.device) -> Tensor:
        near = super().visible(tokens, device)
        first = torch.arange(tokens, device=device) < self.globals
        return near | first | first[:, None]


def _segment_softmax(scores: Tensor, owner: Tensor, there: Tensor) -> Tensor:
    """Softmax over the tokens of each document, (tokens, globals, heads)."""
    places = owner[:, None, None].expand_as(scores)
    largest = scores.new_full((len(there), *scores.shape[1:]), -torch.inf)
    largest = largest.scatter_reduce(0, places, scores.detach(), "amax")
    exponentials = (scores - largest[owner]).exp()
    return exponentials / segment_sum(exponentials, owner, len(there))[owner]


def attention_pattern(architecture: Architecture, batch: Batch) -> Pattern:
    """Return the pattern that ``architecture`` asks for, over the documents of ``batch``."""
    a, lengths = architecture, batch.tokens_per_document
    # A window that reaches from end to end hides nothing.
    if a.attention_pattern == "full" or a.window >= lengths.max() - 1:
        return FullAttention(lengths)
    if a.attention_pattern == "local":
        return LocalAttention(batch.document_of_token, a.window)
    return SlidingAttention(batch, a.window, a.global_tokens)


def check_memory(weights: int, device: torch.device) -> None:
    """Refuse attention with so many weights written out where memory does not suffice.

    Each is held three times: before and after the softmax, and after dropout or on its way out.

    Raises:
        UserError: says what it needs and what there is.
    """
    needed = 3 * 4 * weights
    if needed > (there := available_memory(device)):
        raise UserError(
            tr(
                "Attention of every word to every word needs {gibibytes} here, and {gibibytes_2} "
                "are free: shorten the document, or train a model with attention_pattern=local "
                "or sliding.",
                gibibytes=gibibytes(needed),
                gibibytes_2=gibibytes(there),
            )
        )
