"""Recording attention while a model trains, and reading it back from damaged files."""

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from han_core.analysis import film as frames
from han_core.analysis.film import FRAMES, MOST, WATCHED, FrameRecorder, read_frames, version_stamp
from han_core.explanation.explain import explain_document
from han_core.models.checkpoint import load_checkpoint
from han_core.runtime.errors import UserError
from han_core.training.callbacks import StepEvent
from han_core.training.train import train
from tests.damage import each_flipped

TEXTS = ("The green table. Seven rivers, walk!", "Quiet music under the \ud800 night 电影.")


@pytest.fixture
def of_step(random_checkpoint):
    """``of_step(n)``: a checkpoint whose weights tell the step."""
    folder = random_checkpoint("han")

    def make(step: int):
        checkpoint = load_checkpoint(folder)
        with torch.no_grad():
            for weights in checkpoint.model.parameters():
                weights.mul_(1 + 0.001 * step)
        return checkpoint

    return make


def run(recorder, of_step, steps, epoch_steps: int = 100) -> None:
    """A run of these steps, as ``train`` calls its moments."""
    for step in steps:
        epoch = max(0, step - 1) // epoch_steps
        recorder(StepEvent(step, epoch, False, lambda step=step: of_step(step)))
        if step and step % epoch_steps == 0:
            recorder(StepEvent(step, epoch + 1, True, lambda step=step: of_step(step)))


def steps(folder: Path) -> list[int]:
    return [frame.step for frame in read_frames(folder).frames]


def same(one, other, tolerance: float = 1e-6) -> None:
    assert one.label == other.label
    assert one.document == other.document
    for name in ("probabilities", "sentence_weights", "word_weights", "known"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=tolerance, rtol=0)


# What is kept.


def test_a_frame_is_what_the_checkpoint_of_that_moment_gives(tmp_path, of_step):
    run(FrameRecorder(tmp_path, TEXTS), of_step, range(10), epoch_steps=6)
    film = read_frames(tmp_path)
    places = [(frame.step, frame.epoch, frame.ends_epoch) for frame in film.frames]
    assert places == [
        (0, 0, False), (1, 0, False), (2, 0, False), (4, 0, False), (6, 1, True), (8, 1, False)
    ]  # fmt: skip
    assert film.documents[0].text == TEXTS[0]
    assert film.documents[1].text == TEXTS[1].replace("\ud800", "\ufffd")
    for frame in film.frames:
        checkpoint = of_step(frame.step)
        for number, explanation in enumerate(frame.explanations):
            expected = explain_document(
                checkpoint, checkpoint.tokenizer(film.documents[number].text)
            )
            same(explanation, expected, 1e-8)
            assert explanation.id == str(number + 1)
    first, last = film.of(0)[0], film.of(0)[-1]
    assert np.abs(first.word_weights - last.word_weights).max() > 1e-4  # they do differ


@pytest.mark.parametrize(
    ("every", "stored"),
    [(None, [0, 1, 2, 4, 8, 16, 20, 32, 40]), (1, list(range(45))), (15, [0, 15, 20, 30, 40])],
)
def test_the_steps_that_are_kept(tmp_path, of_step, every, stored):
    run(FrameRecorder(tmp_path, ("The table.",), every), of_step, range(45), epoch_steps=20)
    assert steps(tmp_path) == stored


def test_only_moments_that_are_kept_are_paid_for(tmp_path, of_step):
    steps_seen = []

    def made(step):
        steps_seen.append(step)
        return of_step(step)

    run(FrameRecorder(tmp_path, ("The table.",)), made, range(9), epoch_steps=8)
    assert steps_seen == [0, 1, 2, 4, 8]  # step 8 once, though it ends an epoch as well
    assert [frame.ends_epoch for frame in read_frames(tmp_path).frames] == [False] * 4 + [True]
    run(FrameRecorder(tmp_path / "none", ()), made, range(9))
    assert steps_seen == [0, 1, 2, 4, 8]


@pytest.mark.long
@pytest.mark.parametrize("model", ["han", "bilstm"])
def test_the_frame_of_the_best_epoch_is_what_the_folder_gives(tmp_path, make_request, quiet, model):
    """Averaged and rounded weights, in a real run: what is on the disk is what was seen."""
    pairs = ("epochs=2", "average=0.9", "weights=float16", "patience=9")
    request = make_request(tmp_path / "checkpoint", *pairs, model=model)
    recorder = FrameRecorder(tmp_path, request.validation.texts[:3])
    train(request, torch.device("cpu"), replace(quiet(), moment=recorder))
    checkpoint = load_checkpoint(tmp_path / "checkpoint")
    result = [
        frame for frame in read_frames(tmp_path).frames
        if frame.ends_epoch and frame.epoch == checkpoint.metrics["best_epoch"]
    ]  # fmt: skip
    assert len(result) == 1
    for explanation in result[0].explanations:
        same(explanation, explain_document(checkpoint, explanation.document))


@pytest.mark.parametrize("text", ["", " \n\u3000"])
def test_a_text_without_a_word_is_refused(tmp_path, text):
    with pytest.raises(UserError, match="number 2 has none"):
        FrameRecorder(tmp_path, ["A text.", text])


# A run that dies and goes on.


def test_a_run_that_goes_on_replaces_what_it_lost(tmp_path, of_step):
    run(FrameRecorder(tmp_path, TEXTS), of_step, range(40))
    assert steps(tmp_path) == [0, 1, 2, 4, 8, 16, 32]
    run(FrameRecorder(tmp_path, TEXTS), lambda step: of_step(-step), range(10, 20))
    assert steps(tmp_path) == [0, 1, 2, 4, 8, 16]
    film = read_frames(tmp_path)
    for frame, step in zip(film.frames, [0, 1, 2, 4, 8, -16], strict=True):
        same(frame.explanations[0], explain_document(of_step(step), film.documents[0]), 1e-8)


def test_a_line_that_was_torn_off_is_left_out_and_cut_off(tmp_path, of_step):
    run(FrameRecorder(tmp_path, TEXTS), of_step, range(5))
    whole = (tmp_path / FRAMES).read_bytes()
    (tmp_path / FRAMES).write_bytes(whole[:-9])
    assert steps(tmp_path) == [0, 1, 2]
    run(FrameRecorder(tmp_path, TEXTS), of_step, range(3, 5))
    assert (tmp_path / FRAMES).read_bytes() == whole


def test_frames_of_other_documents_go(tmp_path, of_step):
    run(FrameRecorder(tmp_path, TEXTS), of_step, range(5))
    run(FrameRecorder(tmp_path, TEXTS[:1]), of_step, range(2))
    assert steps(tmp_path) == [0, 1]
    assert len(read_frames(tmp_path).documents) == 1


def test_a_damaged_list_of_documents_is_written_anew(tmp_path, of_step):
    run(FrameRecorder(tmp_path, TEXTS), of_step, range(5))
    (tmp_path / WATCHED).write_text("{")
    with pytest.raises(UserError, match=r"watched\.json in .* is damaged"):
        read_frames(tmp_path)
    run(FrameRecorder(tmp_path, TEXTS), of_step, range(3))
    assert steps(tmp_path) == [0, 1, 2]


def test_many_frames_are_thinned_and_the_first_and_the_newest_stay(tmp_path, of_step):
    checkpoint = of_step(1)
    last = MOST + MOST // 2
    run(FrameRecorder(tmp_path, ("The table.",), 1), lambda step: checkpoint, range(last + 1))
    result = steps(tmp_path)
    assert result[0] == 0
    assert result[-1] == last - last % 2
    assert MOST // 2 < len(result) <= MOST
    assert result == sorted(set(result))
    assert max(np.diff(result)) == 2


# Trouble.


def test_a_full_disk_ends_no_run(tmp_path, of_step, monkeypatch):
    recorder = FrameRecorder(tmp_path, TEXTS)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(frames, "write_json_with_checksum", full)
    run(recorder, of_step, range(2))
    assert read_frames(tmp_path).frames == ()
    monkeypatch.undo()
    run(recorder, of_step, range(2, 5))
    assert steps(tmp_path) == [2, 4]


def test_a_line_that_a_full_disk_tore_does_not_hide_the_next(tmp_path, of_step):
    recorder = FrameRecorder(tmp_path, TEXTS)
    run(recorder, of_step, range(3))
    with (tmp_path / FRAMES).open("ab") as file:
        file.write(b'{"step": 4, "epo')
    recorder._lines = -1  # as after an error
    run(recorder, of_step, range(3, 9))
    assert steps(tmp_path) == [0, 1, 2, 4, 8]


def test_a_model_that_gives_no_numbers_ends_no_run_here(tmp_path, of_step):
    def broken(step):
        checkpoint = of_step(step)
        with torch.no_grad():
            checkpoint.model.classifier.weight.fill_(float("nan"))
        return checkpoint

    recorder = FrameRecorder(tmp_path, TEXTS)
    run(recorder, of_step, range(2))
    run(recorder, broken, range(2, 5))
    assert steps(tmp_path) == [0, 1]


def test_nothing_watched_is_an_empty_film(tmp_path):
    assert read_frames(tmp_path).frames == ()
    assert read_frames(tmp_path).documents == ()
    assert version_stamp(tmp_path) is None


def test_the_stamp_changes_with_every_frame(tmp_path, of_step):
    recorder = FrameRecorder(tmp_path, TEXTS)
    run(recorder, of_step, range(1))
    first = version_stamp(tmp_path)
    assert version_stamp(tmp_path) == first
    run(recorder, of_step, range(1, 2))
    assert version_stamp(tmp_path) != first


BAD = [
    b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 20_000, b'{"step": 1}', b"NaN", b"9" * 5_000,
]  # fmt: skip


@given(st.lists(st.sampled_from(BAD) | st.binary(max_size=60), max_size=6), st.integers(0, 400))
def test_whatever_stands_between_the_frames_they_are_read(tmp_path_factory, stored, bad, cut):
    folder = tmp_path_factory.mktemp("frames")
    (folder / WATCHED).write_bytes(stored[WATCHED])
    lines = stored[FRAMES].splitlines()
    noise = [line.replace(b"\n", b"") for line in bad]
    mixed = [*noise, lines[0], *noise, lines[1], *noise]
    (folder / FRAMES).write_bytes(b"\n".join(mixed) + b"\n" + lines[2][:cut])
    assert steps(folder) == [0, 1]


@pytest.fixture(scope="module")
def stored(tmp_path_factory, random_checkpoint) -> dict[str, bytes]:
    """Both files of a film of three frames."""
    folder = tmp_path_factory.mktemp("film")
    recorder = FrameRecorder(folder, ("The table.",))
    checkpoint = load_checkpoint(random_checkpoint("han"))
    for step in range(3):
        recorder(StepEvent(step, 0, False, lambda: checkpoint))
    return {name: (folder / name).read_bytes() for name in (WATCHED, FRAMES)}


@pytest.mark.parametrize(
    "change",
    [
        {"words": [0.5]},
        {"words": [0.5, float("nan"), 0.2]},
        {"words": [0.5, -0.1, 0.6]},
        {"words": [0.5, "0.1", 0.4]},
        {"words": [[0.5], [0.1], [0.4]]},
        {"sentences": [0.5, 0.5]},
        {"probabilities": [1.0]},
        {"probabilities": [0.5, 7.0]},
        {"more": 1},
    ],
    ids=str,
)
def test_a_frame_that_does_not_fit_its_documents_is_left_out(tmp_path, stored, change):
    lines = [json.loads(line) for line in stored[FRAMES].splitlines()]
    for line in lines:  # as an earlier version wrote them
        del line["sha256"]
    lines[1]["documents"][0].update(change)
    (tmp_path / WATCHED).write_bytes(stored[WATCHED])
    (tmp_path / FRAMES).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert steps(tmp_path) == [0, 2]


def test_no_flipped_bit_of_a_frame_or_of_the_documents_is_believed(tmp_path, of_step):
    run(FrameRecorder(tmp_path, ("The table.",)), of_step, range(3))
    whole = [weights(frame) for frame in read_frames(tmp_path).frames]
    for _ in each_flipped(tmp_path / FRAMES, 100):
        frames = [weights(frame) for frame in read_frames(tmp_path).frames]
        assert len(frames) < 3
        assert all(frame in whole for frame in frames)
    for name in (WATCHED, f"{WATCHED}.sha256"):
        for _ in each_flipped(tmp_path / name, 30):
            with pytest.raises(UserError, match=r"watched\.json in .* is damaged"):
                read_frames(tmp_path)


def weights(frame) -> tuple:
    (explanation,) = frame.explanations
    return frame.step, explanation.probabilities.tolist(), explanation.word_weights.tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"seen": -1}, {"seen": 10**9}, {"sentences": [[[5, 2]]]}, {"sentences": [[]]},
        {"sentences": [[[0, 99_999]]]}, {"text": 3}, {"known": "yes"},
    ],
    ids=str,
)  # fmt: skip
def test_documents_that_cannot_be_are_one_sentence(tmp_path, stored, change):
    watched = json.loads(stored[WATCHED])
    watched["documents"][0].update(change)
    (tmp_path / WATCHED).write_text(json.dumps(watched))
    with pytest.raises(UserError, match="is damaged"):
        read_frames(tmp_path)
