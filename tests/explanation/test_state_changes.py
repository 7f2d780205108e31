"""States with and without a word, against the anatomy of each shorter text."""

import numpy as np
import pytest

from han_core.explanation.anatomy import anatomy
from han_core.explanation.model_probe import probe_text
from han_core.explanation.state_changes import state_changes
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError

TEXT = "the quiet river walk. bread! music under window."


@pytest.mark.parametrize("model", ["han", "bilstm"])
def test_cosines_are_those_of_the_shorter_texts(random_checkpoint, model):
    checkpoint = load_checkpoint(random_checkpoint(model))
    probe = probe_text(checkpoint, TEXT)
    cosines = state_changes(probe)
    assert cosines.shape == (probe.tokens, probe.tokens, 2)
    before = anatomy(checkpoint, probe.document).steps[0].states
    size = before.shape[1] // 2
    for gone, span in enumerate(probe.document.tokens):
        # White space takes the word's place, so every other word keeps its own.
        text = TEXT[: span.start] + " " * (span.end - span.start) + TEXT[span.end :]
        document = probe_text(checkpoint, text).document
        left = [at for at in range(probe.tokens) if at != gone]
        if document.tokens != tuple(probe.document.tokens[at] for at in left) or len(
            document.sentences
        ) != len(probe.document.sentences):
            continue  # other borders of sentences without it
        after = anatomy(checkpoint, document).steps[0].states
        for at, state in zip(left, after, strict=True):
            for half in (0, 1):
                part = slice(half * size, (half + 1) * size)
                one, other = before[at, part], state[part]
                expected = one @ other / np.sqrt((one @ one) * (other @ other))
                assert cosines[gone, at, half] == pytest.approx(expected, abs=1e-5)


def test_only_the_half_that_reads_across_the_gap_changes(random_checkpoint):
    cosines = state_changes(probe_text(load_checkpoint(random_checkpoint("bilstm")), TEXT))
    count = len(cosines)
    for gone in range(count):
        assert np.isnan(cosines[gone, gone]).all()
        assert cosines[gone, :gone, 0] == pytest.approx(1, abs=1e-5)
        assert cosines[gone, gone + 1 :, 1] == pytest.approx(1, abs=1e-5)
        if 0 < gone < count - 1:
            assert cosines[gone, gone - 1, 1] < 0.9999
            assert cosines[gone, gone + 1, 0] < 0.9999


def test_other_sentences_of_a_han_keep_their_states(random_checkpoint):
    probe = probe_text(load_checkpoint(random_checkpoint()), TEXT)
    cosines, owner = state_changes(probe), probe.explanation.sentence_of_token
    other = owner[:, None] != owner[None, :]
    assert other.any()
    assert cosines[other] == pytest.approx(1, abs=1e-5)


def test_what_reads_in_no_direction_is_refused(random_checkpoint):
    with pytest.raises(UserError, match="from both sides"):
        state_changes(probe_text(load_checkpoint(random_checkpoint("transformer")), TEXT))
    with pytest.raises(UserError, match="two words"):
        state_changes(probe_text(load_checkpoint(random_checkpoint()), "road"))
