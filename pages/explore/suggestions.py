"""Counterfactual suggestions under What if: small edits, the answer after each, and a click."""

import streamlit as st

from han_core.explanation.suggestions import Kind, Suggestion, suggest
from han_core.runtime.messages import mark, tr
from pages.explore.analysis import Analysis
from pages.shared import cache, document_input
from pages.shared.components import hooked
from pages.shared.language import Late
from pages.shared.wording import plain

ASKED = "suggestions_asked"
LISTED = 6  # words that are named of one suggestion
HELP = mark(
    "The model tries small edits of the text: a negation, an opposite, a similar "
    "word, and the few words without which it decides otherwise. Each shows the "
    "prediction after it."
)
KINDS: dict[Kind, tuple[str, str]] = {
    "negate": (mark("Negate"), mark("The negation that lowers the prediction most.")),
    "opposite": (
        mark("Opposite"),
        mark("A word that counts, swapped for its opposite from a short list."),
    ),
    "similar": (
        mark("Similar word"),
        mark("The word that counts most, swapped for one that the model holds to be near."),
    ),
    "flip": (
        mark("Flip"),
        mark(
            "Few words whose removal changes the prediction, found greedily: fewer may be enough."
        ),
    ),
}


def suggestions(analysis: Analysis) -> None:
    """Draw a button, and once it was pressed each suggestion with a button that tries it."""
    question = analysis.question._replace(edits=())
    asked = st.session_state.get(ASKED) == question
    with hooked("suggestions", key="suggestions_place"), st.container():
        if not asked:
            st.button(tr("Suggest changes"), key="suggest", help=tr(HELP),
                      icon=":material/lightbulb:", on_click=st.session_state.update,
                      args=({ASKED: question},))  # fmt: skip
            return
        found = _found(*cache.folder_of(question.checkpoint), question)
        st.markdown(tr("**Suggested changes**"), help=tr(HELP))
        if not found:
            st.markdown(tr("There is no small change to suggest for this text."))
        for suggestion in found:
            _row(analysis, suggestion)


@st.cache_resource(max_entries=100, show_spinner=Late(mark("Trying small changes …")))
def _found(folder: str, mark: str, question: cache.Question) -> list[Suggestion]:
    return suggest(cache.probe(question))


def _row(analysis: Analysis, suggestion: Suggestion) -> None:
    title, about = KINDS[suggestion.kind]
    before = analysis.before.explanation
    outcome = answer_line(before.label, before.probability, suggestion)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(tr("Try"), key=f"try_{suggestion.kind}", on_click=document_input.set_edits,
                  args=(suggestion.edits,), disabled=suggestion.edits == document_input.edits(),
                  help=tr("Puts these edits into What if in place of those there."))  # fmt: skip
        line = f"**{tr(title)}** {plain(changes_line(suggestion))} · {plain(outcome)}"
        st.markdown(line, help=tr(about))


def changes_line(suggestion: Suggestion) -> str:
    """Return the edits in words: "good → bad", or "without great, superb and 3 more"."""
    if suggestion.kind != "flip":
        return tr(", ").join(f"{old} → {new}" for old, new in suggestion.changes)
    words = [old for old, _ in suggestion.changes]
    named, more = tr(", ").join(words[:LISTED]), len(words) - LISTED
    if more > 0:
        return tr("without {words} and {count} more", words=named, count=more)
    return tr("without {words}", words=named)


def answer_line(label: str, probability: float, suggestion: Suggestion) -> str:
    """Return how the answer moves: "positive 97% → 41%, now negative"."""
    moved = f"{label} {probability:.0%} → {suggestion.probability:.0%}"
    if suggestion.label == label:
        return moved
    return tr("{moved}, now {label}", moved=moved, label=suggestion.label)
