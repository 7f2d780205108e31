"""Domains on the page Train: what the form offers and refuses, and what a run shows."""

import pytest

from han_core.data.domains import FEWEST
from han_core.data.splits import Source
from han_core.training.runs import manage
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.plan import checked_plan, new_folder
from pages.train import domain_form, sentences
from tests.pages.seen import captions, hooks
from tests.pages.test_train import errors, line, look_at, own_data, send  # noqa: F401
from tests.pages.test_train_again import DOMAINS

LABELLED = "text,label\n" + "".join(
    f"A {word} pan of {n} inches.,{label}\n"
    for n in range(20)
    for word, label in (("fine", "positive"), ("poor", "negative"))
)
NEW = "text\n" + "".join(f"A lamp of {n} watts.\n" for n in range(30))


def say(app, kind):
    app.radio(key="train_domain_kind").set_value(kind).run()
    assert not app.exception
    return app


@pytest.fixture
def form(open_page):
    return open_page("4_Train")


@pytest.fixture
def started(form, monkeypatch):
    """``started()``: press Start, and return the plan of the run that would begin."""
    plans = []

    def start(plan):
        plans.append(plan)
        return new_folder(plan).name

    def press():
        monkeypatch.setattr(manage, "start", start)
        form.button(key="train_start").click().run()
        assert not form.exception
        (plan,) = plans
        return plan

    return press


def test_labelled_texts_of_a_new_domain_start_from_a_model_of_the_same_classes(form, started):
    send(form, LABELLED)
    say(form, domain_form.TUNE)
    offered = {b.key: b for b in form.button if str(b.key).startswith("train_domain_from_")}
    assert {"train_domain_from_small-han", "train_domain_from_small-bilstm"} & set(offered)
    form.button(key="train_domain_from_small-han").click().run()
    assert form.selectbox(key="train_from").value == "small-han"
    assert not form.toggle(key="set_freeze_words").value
    assert sentences.tunes("small-han") in captions(form).replace("\\", "")
    assert started().settings["start_from"] == "small-han"


def test_without_a_model_of_the_same_classes_one_sentence_says_so(form):
    send(form, LABELLED.replace("positive", "great").replace("negative", "awful"))
    say(form, domain_form.TUNE)
    assert not [b for b in form.button if str(b.key).startswith("train_domain_from_")]
    assert sentences.NO_MODEL_OF_THE_CLASSES in captions(form)


def test_frozen_words_of_other_classes_are_warned_of(form):
    send(form, LABELLED.replace("positive", "great").replace("negative", "awful"))
    form.selectbox(key="train_from").set_value("small-han").run()
    assert not form.warning
    form.toggle(key="set_freeze_words").set_value(True).run()
    assert any("word level stays frozen" in warning.value for warning in form.warning)
    send(form, LABELLED)
    assert not any("stays frozen" in warning.value for warning in form.warning)


def test_texts_of_another_file_are_adapted_to(form, started):
    send(form, LABELLED)
    assert "set_domain_weight" not in {field.key for field in form.number_input}
    say(form, domain_form.ADAPT)
    assert sentences.NO_TARGET in captions(form)
    form.file_uploader(key="train_target").upload("lamps.csv", NEW.encode()).run()
    assert not form.error
    assert "30 of the new domain" in captions(form)
    form.number_input(key="set_domain_steps").set_value(3).run()
    form.selectbox(key="set_domain_schedule").set_value("constant").run()
    plan = started()
    assert plan.source.adapt_to.endswith("lamps.csv")
    assert {name: plan.settings[name] for name in ("domain_steps", "domain_schedule")} == {
        "domain_steps": 3, "domain_schedule": "constant",
    }  # fmt: skip
    assert "--adapt-to" in plan.command()


def test_a_column_names_the_domains(form, started):
    send(form, DOMAINS)
    say(form, domain_form.ADAPT)
    form.radio(key="train_target_by").set_value(domain_form.COLUMN).run()
    assert form.selectbox(key="train_domain_column").value == "shop"
    assert form.selectbox(key="train_domain").options == ["books", "films", "tools"]
    form.selectbox(key="train_domain").set_value("films").run()
    assert "20 of the new domain; 2 classes" in captions(form)
    plan = started()
    assert (plan.source.adapt_to, plan.source.domain_column) == ("films", "shop")
    assert "--adapt-to films --domain-column shop" in plan.command()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("text\nA single lamp.\n", f"at least {FEWEST}"),
        (LABELLED, "another domain"),
        (LABELLED.replace("pan", "lamp").replace("positive", "so so"), "so so"),
        ("body\nA lamp.\n", "text"),
    ],
)
def test_texts_that_cannot_be_adapted_to_get_one_sentence(form, content, says):
    send(form, LABELLED)
    say(form, domain_form.ADAPT)
    form.file_uploader(key="train_target").upload("lamps.csv", content.encode()).run()
    assert not form.exception
    assert len(form.error) == 1
    assert says in errors(form)[0]
    assert form.button(key="train_start").disabled
    assert form.radio(key="train_domain_kind").value == domain_form.ADAPT


def test_a_column_that_names_no_domains_gets_one_sentence(form):
    many = "text,label,row\n" + "".join(f"Text {n}.,{'ab'[n % 2]},{n}\n" for n in range(150))
    send(form, many)
    say(form, domain_form.ADAPT)
    form.radio(key="train_target_by").set_value(domain_form.COLUMN).run()
    assert errors(form) == [sentences.domains("row", 150, domain_form.MOST_DOMAINS)]


def test_a_run_shows_both_domains_and_their_distance(form):
    source = Source("bundled:classroom@train", "0.2", adapt_to="bundled:classroom@test")
    folder = new_folder(checked_plan(name="adapted", model="han", source=source))
    log = EventLog(folder)
    log.write("begun", step=0, epoch=0)
    found = {"target": 0.7, "probe": 0.6, "classifier": 0.5, "a_distance": 0.4, "weight": 0.9}
    log.write("epoch", line={**line(1, 0.8), "domains": found})
    distances = {"before": 0.8, "after": 0.4}
    summary = {"test": None,
               "adaptation": {"target_accuracy": 0.7, "proxy_a_distance": distances}}  # fmt: skip
    log.write("done", summary=summary)
    log.close()
    app = look_at(form, folder.name)
    tiles = {tile.label: tile.value for tile in app.metric}
    assert tiles["New domain, held out"] == "70.0%"
    assert tiles["Proxy A-distance"] == "0.80 → 0.40"
    assert "run-domains" in hooks(app)
    assert sentences.LOST_WORDS in captions(app)
