from dataclasses import replace

import pytest

from han_core.data.preview import preview_data
from han_core.data.splits import Source
from han_core.models.architecture import Architecture
from han_core.models.registry import build_model, count_parameters
from han_core.runtime.errors import UserError
from han_core.training.runs.plan import checked_plan, forecast

SOURCE = Source("bundled:classroom@train", "0.2")


def plan(**values):
    return checked_plan(name="a", device="cpu", source=SOURCE, **{"model": "han", **values})


@pytest.fixture(scope="module")
def seen():
    return preview_data(SOURCE)


def test_the_parameters_are_those_of_the_model_for_the_words_that_are_expected(seen):
    found = forecast(plan(sizes={"hidden": 8, "embedding": 16}), seen)
    shape = Architecture(
        model="han", vocabulary_size=found.vocabulary, classes=2, hidden=8, embedding=16
    )
    assert found.parameters == count_parameters(build_model(shape))
    assert found.seconds_per_epoch > 0
    assert found.memory_bytes > 4 * found.parameters


def test_documents_that_teachers_label_are_read_too(seen):
    alone, more = (forecast(plan(), replace(seen, unlabelled=n)) for n in (0, len(seen.texts)))
    assert more.tokens == pytest.approx(2 * alone.tokens, abs=1)


def test_stretches_that_teachers_label_are_read_too(seen):
    alone, more = (forecast(plan(settings={"stretches": n}), seen) for n in (0, 5))
    assert 1.2 * alone.tokens < more.tokens < 6 * alone.tokens


def test_a_checkpoint_to_start_from_gives_sizes_and_words(seen, random_checkpoint, monkeypatch):
    folder = random_checkpoint("han")
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(folder.parent))
    frozen = plan(settings={"start_from": folder.name, "freeze_words": True})
    found = forecast(frozen, seen)
    assert found.vocabulary == 29  # those of the checkpoint and no other
    own = Architecture(
        model="han", vocabulary_size=29, classes=2, embedding=6, hidden=4, attention_size=5
    )
    assert found.parameters == count_parameters(build_model(own))


def test_a_device_that_is_not_here_is_refused(seen):
    with pytest.raises(UserError, match="no device cuda:77"):
        forecast(plan().model_copy(update={"device": "cuda:77"}), seen)
