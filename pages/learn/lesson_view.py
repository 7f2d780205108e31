"""One lesson on the page: the question and what follows on the left, the figure on the right."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from han_core.explanation.lesson import Control, Lesson, Shows, Teacher
from han_core.explanation.lesson_numbers import LiveNumbers, is_right
from han_core.runtime.errors import UserError
from han_core.runtime.messages import paragraph
from han_core.viz.handout import handout
from pages.learn import figures
from pages.shared import cache, controls, document_input, lesson_material
from pages.shared.components import hooked
from pages.shared.page import plain, set_value


@dataclass(frozen=True)
class Progress:
    """How far somebody is in a lesson about a text.

    Attributes:
        given: the prediction, a share or an option's id; None where there is none yet.
        skipped: whether the prediction was skipped.
        checked: the number of the option that was chosen in the check.
    """

    given: float | str | None = None
    skipped: bool = False
    checked: int | None = None

    @property
    def revealed(self) -> bool:
        return self.skipped or self.given is not None


@dataclass(frozen=True)
class Scene:
    """A lesson about a text, with its numbers and how far somebody is."""

    lesson: Lesson
    text: str
    live: LiveNumbers
    words: Mapping[str, str]
    hidden: tuple[Control, ...]

    @property
    def key(self) -> str:
        """Of its progress and its widgets."""
        return f"{self.lesson.number}_{self.lesson.language}_{self.text}"

    @property
    def progress(self) -> Progress:
        return st.session_state.setdefault("learn_progress", {}).get(self.key, Progress())

    def write(self, template: str) -> str:
        return plain(self.live.write(template))

    def keep(self, progress: Progress) -> None:
        st.session_state["learn_progress"][self.key] = progress


def draw(lesson: Lesson, text: str, hidden: tuple[Control, ...], words: Mapping[str, str]) -> None:
    """Draw a lesson.

    Raises:
        UserError: if the text has no word.
    """
    if model := lesson_material.missing(lesson):
        st.info(plain(words["model_missing"].format(model=model)))
        return
    if lesson.model in cache.listings():
        explanation = cache.probe(lesson_material.question_of(lesson, text)).explanation
        controls.caution(lesson.model, explanation)
    try:
        live = lesson_material.live_of(lesson, text)
    except UserError as error:
        st.info(plain(paragraph(words["withdrawn"], str(error))))
        return
    scene = Scene(lesson, text, live, words, hidden)
    with (
        hooked("lesson", key="learn_lesson", lesson=str(lesson.number)),
        st.container(gap="medium"),
    ):
        left, right = st.columns([4, 9], gap="medium")
        with left:
            _story(scene)
        with right:
            st.markdown(f"> {plain(text)}")
            if scene.progress.revealed:
                figures.after(figures.Drawn(lesson, text, live, words, hidden))
            else:
                figures.before(live, words)
        if scene.progress.revealed:
            _conclusion(scene)
        _handout(scene)
        if lesson.teacher and "notes" not in hidden:
            _notes(scene, lesson.teacher)


def _handout(scene: Scene) -> None:
    """Draw the button that makes the page for printing."""
    lesson, words = scene.lesson, scene.words
    st.download_button(
        words["handout"], partial(_page, scene), key="learn_handout", help=words["handout_help"],
        file_name=f"lesson-{lesson.number}-{lesson.language}.html", mime="text/html",
        icon=":material/print:", on_click="ignore",
    )  # fmt: skip


def _page(scene: Scene) -> bytes:
    """Return the page for printing; without notes where the address hides them."""
    material = lesson_material.material_of(scene.lesson, scene.text)
    notes = "notes" not in scene.hidden
    return handout(scene.lesson, scene.text, material, scene.live, notes).encode()


def _notes(scene: Scene, teacher: Teacher) -> None:
    """Draw what helps somebody who teaches the lesson, in a fold."""
    words = scene.words
    with st.expander(plain(words["notes"]), key="learn_notes"):
        if scene.text != scene.lesson.text:
            st.caption(plain(words["notes_own"]))
        plan, wrong, discuss = st.columns(3, gap="medium")
        title = words["notes_plan"].format(minutes=teacher.minutes)
        steps = [(f"{one.minutes}′", one.text) for one in teacher.plan]
        plan.markdown(_listed(scene, title, steps))
        answers = [(one.answer, one.shows) for one in teacher.wrong]
        wrong.markdown(_listed(scene, words["notes_wrong"], answers))
        questions = [("", question) for question in teacher.discuss]
        discuss.markdown(_listed(scene, words["notes_discuss"], questions))


def _listed(scene: Scene, title: str, items: Sequence[tuple[str, str]]) -> str:
    """Return a title and a list of sentences, each with its beginning in bold."""
    lines = [f"**{plain(title)}**", ""]
    for beginning, sentence in items:
        bold = f"**{scene.write(beginning)}** " if beginning else ""
        lines.append(f"- {bold}{scene.write(sentence)}")
    return "\n".join(lines)


def _story(scene: Scene) -> None:
    """Draw the question, and once there is an answer what was measured and what to try."""
    lesson, words = scene.lesson, scene.words
    st.header(plain(lesson.title), anchor=False)
    st.markdown(scene.write(lesson.predict.question))
    if not scene.progress.revealed:
        _prediction(scene)
        return
    _reveal(scene)
    st.markdown(f"**{plain(words['attempt'])}**  \n{scene.write(lesson.attempt)}")


def _conclusion(scene: Scene) -> None:
    """Draw formula and misconception, the check, and what remains, beside each other."""
    lesson, words = scene.lesson, scene.words
    said, checked, kept = st.columns(3, gap="medium")
    with said:
        for name in ("formula", "misconception", "correction"):
            st.markdown(f"**{plain(words[name])}**  \n{scene.write(getattr(lesson, name))}")
    with checked:
        _check(scene)
    with kept:
        if scene.progress.checked is not None:
            st.markdown(f"**{plain(words['takeaway'])}**  \n{scene.write(lesson.takeaway)}")
        _ending(scene)


def _prediction(scene: Scene) -> None:
    """Draw the field of the prediction, and the two ways on."""
    prediction, words = scene.lesson.predict, scene.words
    given: float | str | None
    if prediction.kind == "number":
        percent = st.number_input(
            words["your_number"], 0.0, 100.0, value=None, step=0.1, format="%.2f",
            key=f"learn_number_{scene.key}",
        )  # fmt: skip
        given = None if percent is None else percent / 100
    else:
        options = _options(scene)
        given = st.radio(
            words["your_choice"], list(options), index=None, format_func=options.__getitem__,
            key=f"learn_choice_{scene.key}",
        )  # fmt: skip
    with st.container(horizontal=True):
        st.button(
            words["predict"], key="learn_predict", type="primary", disabled=given is None,
            on_click=scene.keep, args=(replace(scene.progress, given=given),),
        )  # fmt: skip
        st.button(
            words["skip"], key="learn_skip", type="tertiary", on_click=scene.keep,
            args=(replace(scene.progress, skipped=True),),
        )  # fmt: skip


def _options(scene: Scene) -> dict[str, str]:
    """Id → text of what can be chosen."""
    prediction = scene.lesson.predict
    options = prediction.options if prediction.kind == "option" else scene.live.words
    return {id: plain(text) for id, text in options.items()}


def _reveal(scene: Scene) -> None:
    """Draw what was measured, and one's own answer beside it."""
    progress, words, prediction = scene.progress, scene.words, scene.lesson.predict
    st.markdown(f"**{plain(words['reveal'])}**")
    if progress.given is None:
        st.caption(plain(words["skipped"]))
    else:
        right = is_right(prediction, scene.live, progress.given)
        icon = ":material/check:" if right else ":material/close:"
        st.markdown(f"{icon} **{plain(words['right' if right else 'wrong'])}**")
    measured = scene.live.shown[prediction.answer]
    if prediction.kind == "number":
        marks = {words["measured"]: measured}
        if isinstance(progress.given, float):
            marks[words["yours"]] = f"{progress.given:.2%}"
        st.markdown("  \n".join(f"{plain(name)}: {plain(value)}" for name, value in marks.items()))
    else:
        st.markdown("\n".join(_marked(scene, measured)))
    st.markdown(scene.write(scene.lesson.reveal))


def _marked(scene: Scene, measured: str) -> list[str]:
    """All options as a list, with what was measured and what was answered."""
    words, lines = scene.words, []
    for id, text in _options(scene).items():
        marks = [words["measured"]] * (id == measured)
        marks += [words["yours"]] * (id == scene.progress.given)
        tail = f" ({plain(', '.join(marks))})" if marks else ""
        lines.append(f"- **{text}**{tail}" if id == measured else f"- {text}{tail}")
    return lines


def _check(scene: Scene) -> None:
    """Draw the question at the end, and what is said to the answer."""
    check, words, progress = scene.lesson.check, scene.words, scene.progress
    st.markdown(f"**{plain(words['check'])}**")
    chosen = st.radio(
        scene.write(check.question), range(len(check.options)), index=progress.checked,
        format_func=lambda at: scene.write(check.options[at].text),
        key=f"learn_check_{scene.key}",
    )  # fmt: skip
    st.button(
        words["answer"], key="learn_answer", disabled=chosen is None, on_click=scene.keep,
        args=(replace(progress, checked=chosen),),
    )  # fmt: skip
    if progress.checked is not None:
        option = check.options[progress.checked]
        (st.success if option.correct else st.warning)(scene.write(option.feedback))


def _ending(scene: Scene) -> None:
    page, take = _PAGES.get(scene.lesson.shows, ("explore", _to_explore))
    with st.container(horizontal=True):
        if st.button(scene.words[page], key="learn_explore"):
            st.switch_page(take(scene))
        st.button(
            scene.words["again"], key="learn_again", type="tertiary", on_click=scene.keep,
            args=(Progress(),),
        )  # fmt: skip


def _to_explore(scene: Scene) -> str:
    """Put the text where Explore begins; return the page."""
    document_input.show(scene.text)
    set_value("checkpoint", scene.lesson.model)
    controls.keep_model(scene.text)
    return "pages/1_Explore.py"


def _to_translate(scene: Scene) -> str:
    """Put the text where Translate begins; return the page."""
    set_value("translate_checkpoint", scene.lesson.model)
    set_value("translate_text", scene.text)
    return "pages/6_Translate.py"


def _to_train(scene: Scene) -> str:
    """Let Train begin with bundled documents, and watch the text; return the page."""
    chinese = "/zh" if scene.lesson.language == "zh" else ""
    set_value("train_data", f"bundled:classroom{chinese}")
    set_value("set_language", scene.lesson.language)
    set_value("train_watched_text", scene.text)
    st.session_state["train_goes_to"] = "New run"  # not shown
    return "pages/4_Train.py"


_PAGES: dict[Shows, tuple[str, Callable[[Scene], str]]] = {
    "alignment": ("open_translate", _to_translate),
    "film": ("open_train", _to_train),
}
"""Where lessons go on that do not in Explore: the button's name, and what prepares the page."""
