"""Training a translator on planted data, its losses by hand, stopping and going on."""

import numpy as np
import pytest
import torch

from han_core.data.sentence_pairs import SentencePairs
from han_core.models.system_folder import load_system
from han_core.models.translate import translate_texts
from han_core.models.translator import IGNORED, TRANSLATOR
from han_core.runtime.errors import UserError
from han_core.training.callbacks import Callbacks, Stopped
from han_core.training.loop import LoopSettings
from han_core.training.pair_batches import NumberedPairs
from han_core.training.translation import (
    DEFAULTS,
    PairSettings,
    TranslatorRequest,
    answers_loss,
    guide_loss,
    parse_assignments,
    train_translator,
)
from han_core.training.translation_quality import translation_scores

CPU = torch.device("cpu")
WORDS = [a + b + c for a in "bdfg" for b in "aiou" for c in "kl"]


def watch(stop=lambda: False, said=None):
    return Callbacks(
        lambda texts, name: texts,
        lambda epoch, examples: lambda count, loss: None,
        (said if said is not None else []).append,
        stop=stop,
    )


def reversed_words(number, seed):
    """Sentences, and the same words in capitals from the last to the first."""
    chance = np.random.default_rng(seed)
    chosen = [chance.choice(WORDS, chance.integers(2, 6)).tolist() for _ in range(number)]
    return SentencePairs(
        "planted",
        tuple(map(" ".join, chosen)),
        tuple(" ".join(word.upper() for word in reversed(words)) for words in chosen),
    )


def request(out, number=900, attention="additive", resume=False, pairs=(), **settings):
    given = {**DEFAULTS, "epochs": 10, "learning_rate": 0.01, **settings}
    return TranslatorRequest(
        training=reversed_words(number, 0),
        validation=reversed_words(40, 1),
        test=reversed_words(40, 2),
        sizes={
            "target_language": "en", "attention": attention, "dropout": 0.0,
            "embedding": 24, "encoder": 24, "decoder": 48, "attention_size": 24,
        },
        pairs=PairSettings(**{"batch_words": 150, **dict(pairs)}),
        settings=LoopSettings(**given),
        out=out,
        resume=resume,
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize(
    ("attention", "guided"), [("additive", 0.0), ("dot", 0.0), ("general", 0.5)]
)
def test_attention_lands_on_reversed_words(tmp_path, attention, guided):
    made = train_translator(
        request(tmp_path / "c", attention=attention, pairs={"guided": guided}), CPU, watch()
    )
    assert made["test"]["perplexity"] < 1.5
    checkpoint = load_system(tmp_path / "c", TRANSLATOR)
    right = total = 0
    for pair in [reversed_words(60, 5)]:
        for found, target in zip(
            translate_texts(checkpoint, pair.sources), pair.targets, strict=True
        ):
            if found.translation.upper() == target:
                mirrored = np.arange(len(found.source))[::-1]
                right += (found.alignment.argmax(1) == mirrored).sum()
            total += len(found.source)
    assert right / total > 0.75


def test_a_run_that_was_stopped_ends_with_the_same_weights(tmp_path):
    small = {"number": 60, "epochs": 2}
    train_translator(request(tmp_path / "whole", **small), CPU, watch())
    steps = iter(range(100))
    with pytest.raises(Stopped):
        train_translator(request(tmp_path / "parts", **small), CPU, watch(lambda: next(steps) >= 2))
    train_translator(request(tmp_path / "parts", resume=True, **small), CPU, watch())
    whole, parts = (load_system(tmp_path / n, TRANSLATOR).model for n in ("whole", "parts"))
    for one, other in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other)


def test_another_run_does_not_go_on(tmp_path):
    train = request(tmp_path / "c", number=60, epochs=2)
    with pytest.raises(Stopped):
        train_translator(train, CPU, watch(lambda: True))
    with pytest.raises(UserError, match="other"):
        train_translator(request(tmp_path / "c", number=61, epochs=2, resume=True), CPU, watch())


def test_pairs_that_are_too_long_are_left_out_and_said(tmp_path):
    said: list[str] = []
    train_translator(
        request(tmp_path / "c", number=60, epochs=1, pairs={"longest": 4}), CPU, watch(said=said)
    )
    assert any("training pairs with more than 4 words" in sentence for sentence in said)
    with pytest.raises(UserError, match="No pair of at most 1 word"):
        train_translator(
            request(tmp_path / "d", number=60, epochs=1, pairs={"longest": 1}), CPU, watch()
        )


def test_the_loss_of_answers_leaves_out_what_is_ignored():
    scores = torch.randn(2, 3, 4)
    answers = torch.tensor([[1, IGNORED, 2], [IGNORED, 3, IGNORED]])
    logs = scores.log_softmax(-1)
    expected = -(logs[0, 0, 1] + logs[0, 2, 2] + logs[1, 1, 3]) / 3
    torch.testing.assert_close(answers_loss(scores, answers), expected)
    assert answers_loss(scores, torch.full((2, 3), IGNORED)) == 0


def test_the_guide_by_hand():
    attention = torch.tensor([[[0.5, 0.5], [0.25, 0.75]]])
    loss = guide_loss(attention, torch.tensor([[1, 0]]))
    assert loss.item() == pytest.approx(-(np.log(0.5) + np.log(0.25)) / 2)
    assert guide_loss(attention, torch.tensor([[1, -1]])).item() == pytest.approx(-np.log(0.5))
    assert guide_loss(attention, torch.tensor([[-1, -1]])).item() == 0


def test_batches_hold_each_pair_once_and_few_words():
    chance = np.random.default_rng(0)
    sides = tuple([2] * int(n) for n in chance.integers(1, 30, 200))
    pairs = NumberedPairs(sides, sides)
    batches = pairs.batches(100)
    assert sorted(row for rows in batches for row in rows) == list(range(200))
    assert all(len(rows) * (max(len(sides[row]) for row in rows) + 1) <= 100 for rows in batches)


def test_settings_go_where_they_belong():
    values = parse_assignments(["guided=0.5", "seed=3", "encoder=9"])
    assert values == {"loop": {"seed": "3"}, "pairs": {"guided": "0.5"}, "sizes": {"encoder": "9"}}
    with pytest.raises(UserError, match="source_words"):
        parse_assignments(["source_words=x"])


def test_a_perfect_translation_scores_a_hundred():
    pytest.importorskip("sacrebleu")
    texts = ["one two three four five .", "six seven eight nine ten ."]
    whole = translation_scores(texts, [[texts[0]], ["another one", texts[1]]], "en")
    assert whole == pytest.approx({"bleu": 100.0, "chrf": 100.0})
    assert translation_scores(texts, [[texts[1]], [texts[0]]], "en")["bleu"] < 30
