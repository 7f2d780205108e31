"""The page Series under AppTest: prediction, wiping, verdict, training, and what is missing."""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from han_core.data.series import read_series
from han_core.explanation.series import explain_series, wiped
from han_core.models.listing import list_systems
from han_core.models.series import SERIES
from han_core.models.system_folder import load_system
from han_core.training.runs.system_jobs import find_job, stop
from han_core.viz.series import VERDICTS, prediction_sentence
from pages.series.choose import OWN
from pages.shared.controls import FROM_CARD, card_content
from pages.shared.page import plain
from tests.pages.seen import english
from tests.processes import PATIENCE, wait_for_children

SHIPPED = Path(__file__).parents[2] / "checkpoints"


@pytest.fixture
def page(root, open_page):
    shutil.copytree(SHIPPED / "series-pulse", root / "series-pulse")
    return open_page("5_Series")


def wait_until(ready: Callable[[], bool]) -> None:
    """Return once ``ready`` is true; fail after a generous time."""
    end = time.monotonic() + PATIENCE
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.1)


def said(app) -> str:
    return "\n".join(one.value for one in app.markdown)


def first():
    data = read_series("bundled:pulse")
    return data.take([data.splits.index("test")])


def test_it_shows_prediction_and_verdict_of_the_first_test_series(page, root):
    checkpoint, data = load_system(root / "series-pulse", SERIES), first()
    (explanation,) = explain_series(checkpoint, data)
    assert f"**{plain(prediction_sentence(explanation))}**" in said(page)
    assert any(title in said(page) for title, _ in VERDICTS.values())
    assert not page.error


def test_the_card_of_the_model_is_its_metrics(page):
    (note,), sections = card_content("series-pulse")
    assert note == FROM_CARD
    assert any(section.title == "Figures" for section in sections)
    assert page.get("popover")[0].proto.popover.label == "About this model"


def test_a_wiped_stretch_is_predicted_again(page, root):
    page.toggle(key="series_wipe").set_value(True).run()
    data = first()
    last = len(data.values[0]) - 1
    page.slider(key=f"series_stretch_{last}").set_value((0, last - 1)).run()
    checkpoint = load_system(root / "series-pulse", SERIES)
    changed = wiped(data.values[0], np.arange(last + 1) < last)
    before, after = (
        explain_series(checkpoint, replace(data, values=(values,)))[0]
        for values in (data.values[0], changed)
    )
    assert plain(f"{prediction_sentence(before)} → {prediction_sentence(after)}") in said(page)
    page.slider(key=f"series_stretch_{last}").set_value((0, last)).run()
    assert "at least one step has to stay" in page.error[0].value


def test_other_channels_are_one_sentence(page):
    page.selectbox(key="series_source").set_value("vowels").run()
    assert "reads 2 channels" in page.error[0].value
    assert not page.exception


def test_without_a_model_it_says_so_and_offers_to_train(open_page):
    app = open_page("5_Series")
    assert "no model for time series" in app.info[0].value
    assert app.button(key="series_start")


@pytest.mark.long
def test_training_from_the_page_ends_with_a_model(open_page, root, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    app = open_page("5_Series")
    app.number_input(key="series_epochs_quick").set_value(2).run()
    app.button(key="series_start").click().run()
    assert not app.error

    def ready():
        return any(one.name == "my-series" for one in list_systems(root))

    wait_until(ready)
    app.run()
    wait_until(lambda: bool(app.run().success))
    assert plain("my-series") in app.success[0].value
    assert app.selectbox(key="series_checkpoint").value == "my-series"


@pytest.mark.long
def test_a_run_stops_after_a_step_and_goes_on(open_page, root, tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    app = open_page("5_Series")
    app.number_input(key="series_epochs_quick").set_value(1_000).run()
    app.button(key="series_start").click().run()
    id = app.session_state["series_run"]
    wait_until(lambda: (job := find_job(SERIES, id)) is not None and len(job.history) > 1)
    app.run()
    app.button(key="series_stop").click().run()
    wait_until(lambda: find_job(SERIES, id).state.kind == "stopped")
    passes = len(find_job(SERIES, id).history)
    app.run()
    assert f"Stopped after {passes} passes" in app.info[-1].value
    assert not app.exception
    other = open_page("5_Series", run=id)  # somebody else, or the same person tomorrow
    other.button(key="series_go_on").click().run()
    wait_until(lambda: len(find_job(SERIES, id).history) > passes)
    assert list_systems(root) == []
    stop(find_job(SERIES, id))
    wait_for_children(id)
    assert find_job(SERIES, id).state.kind == "stopped"


def address(app) -> dict[str, str]:
    """The parameters of the address, which the test's app keeps as lists or as texts."""
    found = {name: app.query_params[name] for name in app.query_params}
    return {name: value if isinstance(value, str) else value[0] for name, value in found.items()}


def test_the_address_opens_the_same_view(page, root, open_page):
    shutil.copytree(SHIPPED / "series-pulse", root / "other")
    page.run()
    page.selectbox(key="series_second").set_value("other").run()
    row = next(one for one in page.selectbox if one.key.startswith("series_row_"))
    row.set_value(3).run()
    page.toggle(key="series_wipe").set_value(True).run()
    page.slider[0].set_value((2, 9)).run()
    named = address(page)
    assert {name: named[name] for name in ("model", "second", "data", "wipe")} == {
        "model": "series-pulse", "second": "other", "data": "pulse", "wipe": "2-9-line",
    }  # fmt: skip
    again = open_page("5_Series", **named)
    assert said(again) == said(page)
    assert again.slider[0].value == (2, 9)
    again.toggle(key="series_wipe").set_value(False).run()  # it is read once
    assert not again.toggle(key="series_wipe").value
    assert "wipe" not in address(again)


def test_an_address_that_names_what_is_not_there_is_one_sentence(root, open_page):
    shutil.copytree(SHIPPED / "series-pulse", root / "series-pulse")
    app = open_page("5_Series", model="gone", data="pulse", series="none", wipe="9-2-x")
    assert "model gone" in app.warning[0].value
    assert not app.toggle(key="series_wipe").value
    assert not app.error


def test_a_second_model_stands_below_with_its_own_answer(page, root):
    shutil.copytree(SHIPPED / "series-vowels", root / "vowels")
    page.run()
    page.selectbox(key="series_second").set_value("vowels").run()
    assert "reads 12 channels" in page.error[0].value
    shutil.copytree(SHIPPED / "series-pulse", root / "twin")
    page.run()
    page.selectbox(key="series_second").set_value("twin").run()
    assert not page.error
    (explanation,) = explain_series(load_system(root / "twin", SERIES), first())
    assert said(page).count(f"**{plain(prediction_sentence(explanation))}**") == 2


def test_a_file_with_several_targets_lets_one_be_chosen(page):
    content = "V1,V2,V3,fat,water\n" + "".join(f"{n},2,3,{n},{9 - n}\n" for n in range(4))
    page.selectbox(key="series_source").set_value("Your file").run()
    page.file_uploader(key="series_file").upload("meat.csv", content.encode()).run()
    (picker,) = (one for one in page.selectbox if one.label == "Column of the target")
    assert picker.options == ["fat", "water"]
    assert picker.value is None
    picker.set_value("water").run()
    assert "reads 2 channels" in page.error[0].value  # of the model; the file was read
    assert any(plain('left out: "fat"') in one.value for one in page.caption)
    page.selectbox(key="series_training_source").set_value("Your file").run()
    page.file_uploader(key="series_training_file").upload("meat.csv", content.encode()).run()
    labels = [one.label for one in page.selectbox]
    assert labels.count("Column of the target") == 2
    assert not page.exception


def test_in_chinese(page, in_chinese):
    app = in_chinese(page)
    assert app.title[0].value == "时间序列"
    app.toggle(key="series_wipe").set_value(True).run()
    app.session_state["series_source"] = OWN
    left = english(app) + english(app.run())
    assert not app.exception
    assert left == []
