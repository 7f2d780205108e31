"""The answers of a class: histogram, summary in words, and exports as CSV, JSON and HTML."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import segno

from han_core.analysis.classroom.question import Phase, Question, shift
from han_core.analysis.classroom.rooms import Results, Room
from han_core.data.delimited import to_csv
from han_core.runtime.errors import counted
from han_core.runtime.messages import mark, tr
from han_core.viz.export import render_page
from han_core.viz.markup import CLASSROOM_STYLESHEET, REPORT_STYLESHEET, html_text

PHASES: dict[Phase, str] = {
    Phase.PREDICT: mark("Predict"),
    Phase.LOCKED: mark("Locked"),
    Phase.REVEALED: mark("Revealed"),
    Phase.EXPLAIN: mark("Explain"),
    Phase.AGAIN: mark("Vote again"),
    Phase.COMPARED: mark("Before and after"),
}
"""What the phases are called; to be translated."""


def heading(room: Room, address: str, students: int) -> str:
    """Return the code, where students join, and the phases with the present one marked, as HTML."""
    phases = "".join(
        f"<li{' aria-current=step' if phase is room.phase else ''}>{tr(name)}</li>"
        for phase, name in PHASES.items()
    )
    code = qr_code(f"{address}?room={room.code}")
    address = f"<strong>{html_text(address)}</strong>"
    joins = html_text(tr("Join at {address}")).replace("{address}", address)
    return (
        f'<style>{CLASSROOM_STYLESHEET}</style><div class="hs">'
        f'<div class="hs-join">{code}<div>'
        f'<p class="hs-code" data-testid="room-code">{html_text(room.code)}</p>'
        f'<p class="hs-where hs-address">{joins}</p></div></div><p class="hs-where">'
        f'<span data-testid="room-students">{counted(students, "student")}</span></p>'
        f'<ol class="hs-phases" data-testid="room-phase">{phases}</ol></div>'
    )


def qr_code(address: str) -> str:
    """Return an address as a QR code for phones, as HTML (ISO/IEC 18004, level M)."""
    code = segno.make(address, error="m", micro=False)
    label = html_text(tr("QR code of {address}", address=address))
    # Streamlit takes SVG elements out of HTML, but not pictures.
    drawn = html_text(code.svg_data_uri(border=4, omitsize=True, svgclass=None, lineclass=None))
    return f'<img class="hs-qr" data-testid="room-qr" alt="{label}" src="{drawn}">'


def question_line(room: Room) -> str:
    """Return the question with its number among all, as HTML."""
    place = tr("Question {number} of {count}", number=room.place + 1, count=len(room.questions))
    return (
        f'<div class="hs"><p class="hs-where">{html_text(place)}'
        f'</p><p class="hs-question">{html_text(room.question.text)}</p></div>'
    )


def histogram(question: Question, rounds: Sequence[Sequence[float]], reveal: bool) -> str:
    """Return the answers of one round, or of two beside each other, as an HTML table.

    Args:
        rounds: the answers of each round.
        reveal: whether the right answer is marked.
    """
    bars = [question.bars(answers) for answers in rounds]
    rows = "".join(
        f"<tr>{_label(row[0].label, reveal and row[0].right)}<td>"
        + "".join(
            _vote(bar.count, len(answers), len(rounds) == 2 and place == 0)
            for place, (bar, answers) in enumerate(zip(row, rounds, strict=True))
        )
        + "</td></tr>"
        for row in zip(*bars, strict=True)
    )
    two = len(rounds) == 2
    caption = tr("Thin bars: before. Thick bars: after.") if two else tr("Answers")
    return (
        f'<div class="hs"><table class="hs-votes" data-testid="class-histogram">'
        f"<caption>{caption}</caption><tbody>{rows}</tbody></table></div>"
    )


def _label(label: str, right: bool) -> str:
    sign = f"<b>{html_text(tr('✓ right'))}</b>" if right else ""
    kind = ' class="hs-answer-right"' if right else ""
    return f'<th scope="row"{kind}>{html_text(label)}{sign}</th>'


def _vote(count: int, of: int, before: bool) -> str:
    share = count / of if of else 0.0
    kind = "hs-vote hs-vote-before" if before else "hs-vote"  # not shown
    return f'<div class="{kind}" style="--share: {share:.1%}">{count} · {share:.0%}</div>'


def summary(results: Results, question: Question) -> str:
    """Say how many answers were right in each round, and how they moved between the rounds."""
    first, second = (results.of(question, round) for round in (1, 2))
    if not second:
        return tr("{text}.", text=_right(question, first)) if first else tr("No answers yet.")
    moved = shift(question, first, second)
    return tr(
        "Before: {before}. After: {after}. Of those who answered twice, {right} became right and "
        "{wrong} became wrong.",
        before=_right(question, first),
        after=_right(question, second),
        right=moved.became_right,
        wrong=moved.became_wrong,
    )


def _right(question: Question, answers: dict[int, float]) -> str:
    right = sum(map(question.is_right, answers.values()))
    return tr(
        "{right} of {answers} right ({share:.0%})",
        right=right, answers=counted(len(answers), "answer"), share=right / max(1, len(answers)),
    )  # fmt: skip


def answers_table(results: Results) -> pd.DataFrame:
    """Return a row for each answer, in the order in which they came; times are UTC."""
    questions = {question.id: question for question in results.room.questions}
    rows = [
        {
            "room": results.room.code,
            "question": questions[answer.question].text,
            "round": answer.round,
            "nickname": results.nicknames[answer.student],
            "answer": questions[answer.question].named(answer.value),
            "right": questions[answer.question].is_right(answer.value),
            "at": f"{answer.at:%Y-%m-%d %H:%M:%S}",
        }
        for answer in results.answers
    ]
    columns = ["room", "question", "round", "nickname", "answer", "right", "at"]
    return pd.DataFrame(rows, columns=columns)


def results_csv(results: Results) -> bytes:
    """Return ``answers_table`` as CSV; no cell runs as a formula."""
    return to_csv(answers_table(results))


def results_json(results: Results) -> bytes:
    """Return questions, histograms of both rounds, shifts and answers as JSON."""
    content = {
        "room": results.room.code,
        "lesson": results.room.lesson,
        "created": f"{results.room.created:%Y-%m-%dT%H:%M:%SZ}",
        "students": len(results.nicknames),
        "questions": [_question_json(results, question) for question in results.room.questions],
        "answers": answers_table(results).drop(columns="room").to_dict("records"),
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _question_json(results: Results, question: Question) -> dict[str, object]:
    rounds = [results.of(question, round) for round in (1, 2)]
    return {
        **question.to_json(),
        "histograms": [
            [asdict(bar) for bar in question.bars(list(answers.values()))] for answers in rounds
        ],
        "shift": asdict(shift(question, *rounds)),
    }


def results_html(results: Results) -> bytes:
    """Return one page that opens without a network: histograms, shifts and answers."""
    room, table = results.room, answers_table(results).drop(columns="room")
    asked = [
        {
            "text": question.text,
            "histogram": histogram(question, _rounds(results, question), reveal=True),
            "summary": summary(results, question),
        }
        for question in room.questions
    ]
    context = {
        "title": tr("{lesson}: class room {code}", lesson=room.lesson, code=room.code),
        "note": tr(
            "{students}, {date}",
            students=counted(len(results.nicknames), "student"),
            date=f"{room.created:%Y-%m-%d}",
        ),
        "answers": tr("Answers"),
        "questions": asked,
        "header": [*table.columns],
        "rows": [[str(cell) for cell in row] for row in table.itertuples(index=False)],
    }
    style = REPORT_STYLESHEET + CLASSROOM_STYLESHEET
    return render_page("classroom.html", context, "", None, "", style).encode()


def _rounds(results: Results, question: Question) -> list[list[float]]:
    """Return the answers of the first round, and of the second where there is one."""
    first, second = (list(results.of(question, round).values()) for round in (1, 2))
    return [first, second] if second else [first]


def shown_rounds(results: Results) -> list[list[float]]:
    """Return the answers that a teacher sees in the present phase: one round, or both."""
    answers = _rounds(results, results.room.question)
    match results.room.phase:
        case Phase.AGAIN:
            return [list(results.of(results.room.question, 2).values())]
        case Phase.COMPARED:
            return [*answers, []][:2]
    return answers[:1]
