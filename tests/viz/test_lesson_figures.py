"""Figures of lessons on paper: the solution in their blanks is what the model computes."""

from dataclasses import replace

import numpy as np
import pytest

from han_core.explanation.lesson import interface, lessons
from han_core.explanation.lesson_measures import TENS, Moment, live_numbers
from han_core.explanation.lesson_numbers import PADS
from han_core.explanation.model_probe import probe_text
from han_core.models.checkpoint import load_checkpoint
from han_core.models.translate import Translation
from han_core.text.document import Span
from han_core.viz.lesson_figures import MOST_ROWS, Figure, lesson_figures

TEXT = "the quiet river walk. bread and music under the window. road letter table"
WORDS = interface()["en"]


def lesson(number: int):
    return next(one for one in lessons("en") if one.number == number)


@pytest.fixture
def drawn(random_checkpoint):
    """``drawn(number, text, model, attention)``: probe, live numbers and figures of a lesson."""

    def draw(number: int, text: str = TEXT, model: str = "bilstm", attention: str = "additive"):
        probe = probe_text(load_checkpoint(random_checkpoint(model, attention)), text)
        live = live_numbers(lesson(number), probe)
        return probe, live, lesson_figures(lesson(number), probe, live, WORDS)

    return draw


def texts(figure: Figure) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in row) for row in figure.rows]


def solution(figure: Figure, column: int = -1) -> list[float]:
    """Bars of the blanks in a column."""
    return [row[column].share for row in figure.rows if row[column].blank]


def test_weights_of_a_step_are_left_to_be_filled_in(drawn):
    probe, live, (figure,) = drawn(3)
    assert [row[:3] for row in texts(figure)[:-1]] == list(live.rows)
    assert solution(figure) == pytest.approx(probe.explanation.document_weights, abs=1e-6)
    assert texts(figure)[-1] == ("sum", "", live.shown["sum"], "100%")
    assert not any(cell.blank for row in figure.rows for cell in row[:-1])


def test_without_the_division_the_scores_are_those_of_the_dot_product(drawn):
    _, live, (figure,) = drawn(4, attention="dot")
    scores = np.array([float(row[1].replace("−", "-")) for row in live.rows])
    exponentials = np.exp(scores * 8**0.5)  # two directions of four
    assert solution(figure) == pytest.approx(exponentials / exponentials.sum(), abs=0.01)
    known = [row[3] for row in figure.rows[:-1]]
    assert [cell.blank for cell in known] == [False] * len(scores)
    assert sum(cell.share for cell in known) == pytest.approx(1)


def test_padding_takes_what_the_words_leave(drawn):
    _, live, (figure,) = drawn(5)
    shares = solution(figure)
    assert sum(shares) == pytest.approx(1)
    assert max(shares[:-1]) == pytest.approx(live.values["padded"])
    total = float(live.shown["sum"]) + PADS * float(live.shown["pad_exp"])
    assert shares[-1] == pytest.approx(PADS * float(live.shown["pad_exp"]) / total, abs=1e-3)
    assert figure.rows[-1][2].blank
    assert float(figure.rows[-1][2].text) == pytest.approx(total, abs=0.05)


def test_two_levels_multiply(drawn):
    _, live, (figure,) = drawn(7, model="han")
    assert [row[:3] for row in texts(figure)] == list(live.rows)
    for _, within, sentence, product in figure.rows:
        assert within.share * sentence.share == pytest.approx(product.share)
    assert max(solution(figure)) == pytest.approx(live.values["product"])


def test_changes_are_blanks_under_the_prediction_as_it_is(drawn):
    _, live, (strongest, changes) = drawn(10)
    assert texts(strongest) == list(live.rows)
    names = ("before", "after", "key_after", "even", "shuffled")
    assert [row[1].share for row in changes.rows] == [live.values[name] for name in names]
    assert [row[1].blank for row in changes.rows] == [False, True, True, True, True]
    assert f"Without “{live.shown['key']}”" in texts(changes)[2][0]
    assert changes.header[1] == f"probability of {live.shown['label']}"


def test_weights_stand_in_two_halves(drawn):
    probe, live, (left, right, answers) = drawn(1)
    words = [row[0].text for row in (*left.rows, *right.rows)]
    assert words == list(probe.document.token_texts())
    assert solution(left) + solution(right) == pytest.approx(probe.explanation.document_weights)
    assert [row[1].share for row in answers.rows] == [live.values["even"], live.values["learnt"]]


def test_the_word_that_is_gone_has_no_blank(drawn):
    probe, live, (figure,) = drawn(2)
    assert [row[0].text for row in figure.rows] == list(probe.document.token_texts())
    assert texts(figure)[live.key][1:] == ("taken out", "taken out")
    halves = texts(figure)[live.item][1:]
    assert halves == (live.shown["forward"], live.shown["backward"])


def test_a_long_text_shows_its_heaviest_words_in_reading_order(drawn):
    long = " ".join(f"{TEXT} {'music ' * at}" for at in range(3))
    probe, live, (figure,) = drawn(3, long)
    weights = probe.explanation.document_weights
    assert len(weights) > MOST_ROWS
    heaviest = sorted(np.argsort(-weights, kind="stable")[:MOST_ROWS])
    tokens = probe.document.token_texts()
    assert [row[0] for row in texts(figure)[:-1]] == [tokens[at] for at in heaviest]
    assert figure.caption == f"The {MOST_ROWS} heaviest of {len(weights)} words."
    assert texts(figure)[-1][2] == live.shown["sum"]


def test_an_alignment_leaves_one_row_blank():
    words = ("20", "May", "2026")
    spans = (Span(0, 2), Span(3, 6), Span(7, 11))
    target = tuple(Span(at, at + 1) for at in range(10))
    alignment = np.full((10, 3), 0.1)
    alignment[:, 2] = 0.8
    alignment[TENS] = 0.6, 0.3, 0.1
    one = Translation(
        " ".join(words), "2026-05-20", spans, target, alignment, np.zeros(10), (1, 2, 3), (1,) * 10
    )
    live = live_numbers(lesson(8), [one, one])
    table, matrix = lesson_figures(lesson(8), [one, one], live, WORDS)
    assert texts(table) == [("20 May 2026", "2026-05-20")]
    assert matrix.header == ("", *words)
    assert [row[0].text for row in matrix.rows] == list("2026-05-20")
    blank = [at for at, row in enumerate(matrix.rows) if row[1].blank]
    assert blank == [TENS]
    assert [cell.share for cell in matrix.rows[TENS][1:]] == [0.6, 0.3, 0.1]


def test_a_head_is_left_to_be_drawn(random_checkpoint):
    probe = probe_text(load_checkpoint(random_checkpoint("transformer")), TEXT)
    live = live_numbers(lesson(9), [probe, probe])
    (matrix,) = lesson_figures(lesson(9), [probe, probe], live, WORDS)
    shares = np.array([[cell.share for cell in row[1:]] for row in matrix.rows])
    assert shares.sum(1) == pytest.approx(1)
    column = shares.mean(0).argmax()
    assert live.shown["one"] == f"{100 * shares.mean(0).max():.2f}%"
    assert matrix.header[1 + column] == live.shown["column"]
    assert all(cell.blank for row in matrix.rows for cell in row[1:])
    wide = probe_text(load_checkpoint(random_checkpoint("transformer")), f"{TEXT} " * 3)
    live = live_numbers(lesson(9), [wide, wide])
    assert lesson_figures(lesson(9), [wide, wide], live, WORDS) == []


def test_a_film_is_known_at_its_beginning(drawn):
    one = lesson(3).model_copy(update={"shows": "film"})
    probe, _, _ = drawn(3)
    last = probe.explanation
    even = replace(last, word_weights=np.full(len(last.word_weights), 1 / len(last.word_weights)))
    moments = [Moment(0, even), Moment(9, last)]
    (figure,) = lesson_figures(one, moments, live_numbers(one, moments), WORDS)
    assert [row[1].share for row in figure.rows] == pytest.approx(even.document_weights)
    assert solution(figure) == pytest.approx(last.document_weights)
