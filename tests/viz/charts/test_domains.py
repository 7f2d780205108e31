"""The curves of a run that adapts to a domain."""

from han_core.viz.charts.step_curves import NAMES, SOURCE, domain_accuracies, domain_curves


def line(epoch, **domains):
    return {"epoch": epoch, "validation": {"accuracy": 0.9}, "domains": domains}


HISTORY = [
    line(1, target=0.6, probe=0.7, classifier=0.5, a_distance=0.8, weight=0.4),
    line(2, target=0.65, probe=None, classifier=0.55, a_distance=None, weight=0.9),
]


def test_each_accuracy_that_was_measured_by_its_name():
    assert domain_accuracies(HISTORY) == {
        SOURCE: ([1, 2], [0.9, 0.9]),
        NAMES["target"]: ([1, 2], [0.6, 0.65]),
        NAMES["probe"]: ([1], [0.7]),
        NAMES["classifier"]: ([1, 2], [0.5, 0.55]),
    }


def test_nothing_is_drawn_of_other_runs():
    assert domain_accuracies([]) == {}
    assert domain_accuracies([{"epoch": 1, "validation": {"accuracy": 0.9}}]) == {}


def test_a_target_without_labels_has_no_curve():
    lines = [line(1, target=None, probe=0.7, classifier=0.5)]
    assert NAMES["target"] not in domain_accuracies(lines)


def test_the_figure_shows_shares_up_to_the_last_epoch_asked_for():
    figure = domain_curves(HISTORY, until=8)
    assert [trace.name for trace in figure.data] == [SOURCE, *NAMES.values()]
    assert figure.layout.xaxis.range[1] >= 8
    assert tuple(figure.layout.yaxis.range) == (0, 1.03)
    assert SOURCE in figure.data[0].hovertemplate
