"""Curves of a run on the page Train: smoothing, axes, steps, and classes at each epoch."""

import shutil

import pytest

from han_core.runtime.paths import runs_root
from han_core.training.runs.event_log import EventLog
from tests.pages.seen import hooks
from tests.pages.test_train import line, look_at, made, own_data, train  # noqa: F401

MATRICES = [[[3, 1], [2, 2]], [[4, 0], [1, 3]]]


@pytest.fixture
def id(root) -> str:
    """A run of two epochs, the second one better, with values of its steps."""
    matrices = enumerate(MATRICES, start=1)
    name = made("one", [{**line(n, 0.5 + n / 8), "confusion": rows} for n, rows in matrices])
    shutil.copytree(root / "small-han", runs_root() / name / "checkpoint")
    log = EventLog(runs_root() / name)
    for step, epoch in ((3, 1), (4, 2)):
        log.write("step", step=step, epoch=epoch, done=4, of=8, loss=1.0, rate=0.1, norm=2.0)
    log.close()
    return name


def charts(app) -> list[str]:
    return [chart.proto.id.rsplit("-", 1)[-1] for chart in app.get("plotly_chart")]


def test_curves_are_smoothed_and_their_axes_logarithmic(train, id):  # noqa: F811
    look_at(train, id)
    assert "run-curves" in hooks(train)
    assert {"run_curves_loss", "run_curves_accuracy"} < set(charts(train))
    before = specification(train, "run_curves_loss")
    train.slider(key="curves_smoothing").set_value(0.9).run()
    smooth = specification(train, "run_curves_loss")
    assert smooth != before
    train.toggle(key="curves_log_y").set_value(True).run()
    assert '"log"' in specification(train, "run_curves_loss")
    assert not train.exception


def test_curves_follow_the_language(train, id):  # noqa: F811
    look_at(train, id)
    english = specification(train, "run_curves_loss")
    train.session_state["locale"] = "zh"
    train.run()
    chinese = specification(train, "run_curves_loss")
    assert "validation" in english
    assert "\\u9a8c\\u8bc1" in chinese or "验证" in chinese
    assert not train.exception


def specification(app, key: str) -> str:
    (chart,) = [one for one in app.get("plotly_chart") if one.proto.id.endswith(f"-{key}")]
    return chart.proto.spec


def test_steps_have_a_gradient_norm_and_a_learning_rate(train, id):  # noqa: F811
    look_at(train, id)
    assert {"run_steps_norm", "run_steps_rate"} < set(charts(train))


def test_classes_at_the_best_epoch_and_at_another(train, id):  # noqa: F811
    look_at(train, id)
    assert {"run_class_f1", "run_confusion"} < set(charts(train))
    slider = train.select_slider(key=f"run_epoch_{id}")
    assert slider.value == 2
    best = specification(train, "run_confusion")
    slider.set_value(1).run()
    assert not train.exception
    assert specification(train, "run_confusion") != best


def test_a_run_of_an_older_version_opens_without_them(train):  # noqa: F811
    look_at(train, made("old", [line(1, 0.5)]))
    assert set(charts(train)) == {"run_curves_loss", "run_curves_accuracy"}
