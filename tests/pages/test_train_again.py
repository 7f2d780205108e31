"""Train again: the form asks for what the run asked for, and names what is gone."""

import shutil
from pathlib import Path

import pytest

from han_core.data.splits import Source
from han_core.data.uploads import store_upload, store_vectors
from han_core.training.runs import manage
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.plan import checked_plan, new_folder
from pages.train import data_form, run_notes
from tests.data.test_hub_preview import server  # noqa: F401
from tests.pages.test_train import REVIEWS, look_at, own_data, train  # noqa: F401

MORE = "review\n" + "".join(f"A film of {n} minutes.\n" for n in range(60))
ROWS = "text,label,id\n" + "".join(f"text {n},{'ab'[n % 2]},{n}\n" for n in range(40))

DOMAINS = "review,stars,shop\n" + "".join(
    f"A {shop} review of {n} words.,{('bad', 'good')[n % 2]},{shop}\n"
    for shop in ("books", "films", "tools")
    for n in range(20)
)


def sent(content: str, name: str) -> str:
    return str(store_upload(content.encode(), name))


@pytest.fixture
def again(train, monkeypatch):  # noqa: F811
    """``again(**values of a plan)``: the page with the form filled in, and what Start starts."""
    started = []

    def start(plan):
        started.append(plan)
        return new_folder(plan).name

    def fill(source, **values):
        plan = checked_plan(**{"name": "mine", "model": "han", "source": source, **values})
        folder = new_folder(plan)
        log = EventLog(folder)
        log.write("begun", step=0, epoch=0)
        log.write("done", summary={"test": None})
        log.close()
        monkeypatch.setattr(manage, "start", start)
        look_at(train, folder.name)
        train.button(key="run_again").click().run()
        assert not train.exception
        return plan, train, started

    return fill


def warned(app) -> str:
    """The only warning."""
    (warning,) = app.warning
    return warning.value.replace("\\", "")


def starts_the_same(filled) -> None:
    plan, app, started = filled
    assert not app.error
    assert not app.warning
    app.text_input(key="train_name").set_value(plan.name)
    app.button(key="train_start").click().run()
    assert not app.exception
    values = {"attention": plan.attention or "additive", "device": "cpu"}
    assert started == [plan.model_copy(update=values)]


def test_files_teachers_vectors_and_watched_texts_are_there_again(again):
    vectors, size = store_vectors(b"fine 0.1 0.2 0.3\ndull 0.4 0.5 0.6\n", "small.txt")
    source = Source(
        sent(REVIEWS, "mine.csv"),
        sent(REVIEWS.replace("A ", "Another "), "v.csv"),
        sent(REVIEWS.replace("A ", "The last "), "t.csv"),
        "review", "stars",
        unlabelled=sent(MORE, "more.csv"),
    )  # fmt: skip
    settings = {"teachers": ["tf-idf"], "vectors": str(vectors), "freeze_vectors": True}
    filled = again(
        source, settings=settings, sizes={"embedding": size}, watched=("My own text.",),
        watch_every=3,
    )  # fmt: skip
    there = {text.value.replace("\\", "") for text in filled[1].caption}
    assert there >= {"v.csv", "t.csv", "more.csv", "small.txt: 3 dimensions."}
    starts_the_same(filled)


def test_a_file_that_is_there_again_can_be_removed(again):
    held = REVIEWS.replace("A ", "Another ")
    source = Source(
        sent(REVIEWS, "mine.csv"), "0.2", sent(held, "t.csv"), "review", "stars", split_seed=4
    )
    _, app, _ = again(source)
    app.button(key="train_test_file_remove").click().run()
    assert "train_test_file_remove" not in {button.key for button in app.button}
    assert not app.error


def test_a_model_to_start_from_and_its_attention_are_there_again(again):
    settings = {"start_from": "small-han", "teachers": ["nb-svm", "small-bilstm"]}
    reviews = REVIEWS.replace("good", "positive").replace("bad", "negative")
    source = Source(
        sent(reviews, "mine.csv"), "0.25", None, "review", "stars",
        unlabelled=sent(MORE, "more.csv"),
    )  # fmt: skip
    starts_the_same(again(source, attention="dot", settings=settings))


@pytest.mark.parametrize("group", ["id/4", "id"])
def test_groups_are_there_again(again, group):
    source = Source(sent(ROWS, "mine.csv"), "0.2", "0.1", group_column=group, split_seed=7)
    starts_the_same(again(source, model="bilstm"))


def test_a_domain_in_a_file_and_its_settings_are_there_again(again):
    source = Source(
        sent(REVIEWS, "mine.csv"), "0.2", None, "review", "stars", adapt_to=sent(MORE, "new.csv")
    )
    settings = {"domain_steps": 3, "domain_weight": 0.5}
    filled = again(source, settings=settings)
    assert "new.csv" in {text.value.replace("\\", "") for text in filled[1].caption}
    starts_the_same(filled)


def test_a_domain_of_a_column_is_there_again(again):
    source = Source(
        sent(DOMAINS, "mine.csv"), "0.2", None, "review", "stars",
        adapt_to="films", domain_column="shop",
    )  # fmt: skip
    starts_the_same(again(source))


def test_a_column_of_the_split_is_there_again(again):
    source = Source(sent(REVIEWS, "mine.csv"), "0.1", None, "review", "stars", "part")
    starts_the_same(again(source))


def test_a_data_set_of_the_hub_and_its_splits_are_there_again(again, server):  # noqa: F811
    source = Source("hf:owner/small/zh@test", "hf:owner/small/zh@train", None)
    filled = again(source, text={"language": "zh"})
    assert filled[1].selectbox(key="train_hub_config").value == "zh"
    starts_the_same(filled)


def test_a_split_that_the_hub_no_longer_has_is_said_once(again, server):  # noqa: F811
    _, app, _ = again(Source("hf:owner/small/en@old", "0.2", "hf:owner/small/en@test"))
    assert warned(app) == "“old” is no longer in these documents. Choose again."
    assert app.selectbox(key="train_hub_split").value == "train"
    assert app.selectbox(key="train_test_split").value == "hf:owner/small/en@test"
    app.selectbox(key="train_hub_config").set_value("zh").run()
    assert not app.warning


def test_what_is_gone_is_named_in_one_sentence(again, root):
    gone, there = sent(REVIEWS, "t.csv"), sent(MORE, "more.csv")
    source = Source(sent(REVIEWS, "mine.csv"), "0.2", gone, "review", "stars", unlabelled=there)
    shutil.rmtree(root / "small-han")
    names = ["nb-svm", "small-han"]
    path = store_vectors(b"fine 0.1 0.2 0.3\n", "small.txt")[0]
    path.unlink()
    settings = {"start_from": "small-han", "teachers": names, "vectors": str(path)}
    Path(gone).unlink()
    _, app, _ = again(source, settings=settings)
    assert warned(app) == (
        "No longer on this server, and left out: the file for test t.csv, the teacher small-han, "
        "the model small-han to start from, the word vectors small.txt. Choose something else, or "
        "train without."
    )
    assert app.selectbox(key="train_data").value == data_form.FILE
    assert not app.error
    assert app.multiselect(key="train_teachers").value == ["nb-svm"]
    app.run()
    assert not app.warning


@pytest.mark.parametrize("data", ["/etc/passwd", "some/reviews", "bundled:gone", "hf:../x"])
def test_documents_that_nobody_sent_are_never_read(again, data):
    """A plan may come from a stranger's zip."""
    _, app, _ = again(Source(data))
    name = f"the data set {data}" if data[:2] == "hf" else f"the documents {Path(data).name}"
    assert name in warned(app)
    assert not app.error
    assert app.button(key="train_start").disabled


def test_a_device_that_is_gone_gives_way_with_a_sentence(again):
    _, app, _ = again(Source("bundled:classroom@train", "0.2"), device="cuda:7")
    assert "The device cuda:7 is no longer there." in warned(app)
    assert app.selectbox(key="device").value == "cpu"


def test_shares_are_those_of_the_slider():
    assert [run_notes._percent(share) for share in ("0.1", "0.333", "0.9", None)] == [
        10, 35, 50, 0,
    ]  # fmt: skip
