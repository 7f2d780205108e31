"""The page Train under AppTest: the form, what comes of it, and the list of runs."""

import json
import time
from pathlib import Path

import pandas as pd
import pytest

from han_core.data.corpus import read_corpus
from han_core.data.splits import Source
from han_core.models.listing import Listing, list_checkpoints
from han_core.training import optimization
from han_core.training.runs.event_log import EventLog
from han_core.training.runs.manage import runs, stop, view
from han_core.training.runs.plan import checked_plan, new_folder
from han_core.training.settings import DOMAIN
from pages.train import cached_runs, data_form, domain_form, new_run, run_list, run_view, sentences
from pages.train.learning_form import fits
from tests.data.test_hub_preview import server  # noqa: F401
from tests.pages.seen import captions, english, hooks
from tests.processes import PATIENCE

REVIEWS = "review,stars,part\n" + "".join(
    f"A {'fine' if n % 2 else 'dull'} film number {n}.,{'good' if n % 2 else 'bad'},"
    f"{('train', 'train', 'train', 'dev', 'test')[n % 5]}\n"
    for n in range(40)
)


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))


@pytest.fixture
def train(open_page):
    return open_page("4_Train")


def send(app, content, name="mine.csv"):
    app.selectbox(key="train_data").set_value(data_form.FILE).run()
    data = content.encode() if isinstance(content, str) else content
    return app.file_uploader(key="train_upload").upload(name, data).run()


def made(name="a run", lines=(), **values) -> str:
    """The id of a run that is done, as far as its log tells."""
    source = Source("bundled:classroom@train", "0.2")
    plan = checked_plan(name=name, model=values.pop("model", "han"), source=source, **values)
    folder = new_folder(plan)
    log = EventLog(folder)
    log.write("say", text=f"{name} said <b>this</b>.")
    log.write("begun", step=0, epoch=0)
    for line in lines:
        log.write("epoch", line=line)
    log.write("done", summary={"test": None})
    log.close()
    return folder.name


def line(epoch: int, accuracy: float) -> dict:
    reached = {"accuracy": accuracy, "macro_f1": accuracy, "loss": 1 - accuracy}
    return {
        "epoch": epoch, "step": epoch, "seconds": 1.0, "documents_per_second": 9.0,
        "train": {"loss": 0.5, "accuracy": 0.5}, "validation": reached,
    }  # fmt: skip


def look_at(app, *ids):
    app.session_state["runs_chosen"] = ids
    app.segmented_control(key="train_view").set_value(run_list.RUNS)
    app.run()
    assert not app.exception
    return app


def errors(app) -> list[str]:
    return [error.value.replace("\\", "") for error in app.error]


def test_everything_is_filled_in_so_that_start_can_be_pressed_at_once(train):
    assert not train.button(key="train_start").disabled
    assert train.segmented_control(key="train_preset").value == "quick look"
    assert "106 for training, 26 for validation, 88 for test" in captions(train)
    assert [tile.label for tile in train.metric][:2] == ["Parameters", "Memory"]
    assert len(train.multiselect(key="train_watched").value) == 2
    assert not train.error


def test_every_field_stands_on_the_page_once(train):
    from han_core.models.registry import model_kind
    from han_core.training.fields import setting_fields

    own = {
        "vectors",
        "start_from",
        "freeze_words",
        "freeze_vectors",
        "teachers",
        "stretches",
        *DOMAIN,
    }
    drawn = [name for names in sentences.GROUPS.values() for name in names]
    wanted = {name for name, field in setting_fields().items() if field.group != "decided"}
    assert len(drawn) == len(set(drawn))
    assert set(drawn) | own == wanted
    lines = captions(train).replace("\\", "")
    for name in set(drawn) - model_kind("han").unused_settings:
        assert setting_fields()[name].line in lines, name


def test_a_preset_fills_the_fields_and_says_what_was_changed(train):
    from han_core.training.settings import PRESETS

    train.segmented_control(key="train_preset").set_value("thorough").run()
    (epochs,) = (preset.settings["epochs"] for preset in PRESETS if preset.name == "thorough")
    assert train.number_input(key="set_epochs").value == epochs
    assert "Changed" not in captions(train)
    train.number_input(key="set_epochs").set_value(epochs + 1).run()
    assert "Changed: Epochs" in captions(train).replace("\\", "")
    train.button(key="train_preset_again").click().run()
    assert train.number_input(key="set_epochs").value == epochs


def test_an_empty_box_stands_for_the_default(train):
    train.number_input(key="set_learning_rate").set_value(None).run()
    assert not train.exception
    assert not train.error


def test_a_precision_that_the_processor_lacks_is_refused_when_start_is_pressed(train, monkeypatch):
    monkeypatch.setattr(optimization, "trains_in_bf16", lambda model, device: False)
    train.segmented_control(key="train_model").set_value("bilstm").run()
    train.selectbox(key="set_mixed_precision").set_value("bf16").run()
    assert not train.error
    train.button(key="train_start").click().run()
    assert not train.exception
    (sentence,) = errors(train)
    assert "cannot train bilstm with mixed_precision=bf16: set mixed_precision=no" in sentence
    assert runs() == []


def test_what_a_model_does_not_have_is_not_asked_for(train):
    train.segmented_control(key="train_model").set_value("bilstm").run()
    train.selectbox(key="train_attention").set_value("dot").run()
    there = {box.key for box in train.number_input}
    assert "set_hidden" in there
    assert not there & {"set_dropout_sentences", "set_rate_sentences", "set_attention_size"}


def test_a_checkpoint_to_start_from_decides_model_sizes_and_language(train):
    train.selectbox(key="train_from").set_value("small-bilstm").run()
    assert not train.exception
    assert not train.error
    there = {box.key for box in [*train.number_input, *train.text_input, *train.selectbox]}
    assert not there & {"set_hidden", "set_embedding", "set_attention_size"}
    assert not there & {"set_language", "set_segmentation"}
    assert "BiLSTM, as small-bilstm is." in captions(train).replace("\\", "")
    attention = train.selectbox(key="train_attention_small-bilstm")
    assert attention.value == "additive"
    attention.set_value("dot").run()
    assert not train.error
    train.toggle(key="set_freeze_words").set_value(True).run()
    assert not train.error
    assert "train_attention_small-bilstm" not in {box.key for box in train.selectbox}


def test_chinese_documents_are_read_as_chinese(train):
    train.selectbox(key="train_data").set_value("bundled:classroom/zh").run()
    assert train.text_input(key="set_language").value == "zh"
    assert not train.error
    train.selectbox(key="train_data").set_value("bundled:classroom").run()
    assert train.text_input(key="set_language").value == "en"


def test_a_file_is_looked_at_and_its_columns_chosen(train):
    send(train, REVIEWS)
    assert train.selectbox(key="train_text_column").value == "review"
    assert train.selectbox(key="train_label_column").value == "stars"
    assert "24 for training, 8 for validation, 8 for test; 2 classes" in captions(train)
    assert train.text_input(key="train_name").placeholder == "han-mine"
    train.radio(key="train_divide_by").set_value("column").run()
    train.selectbox(key="train_split_column").set_value("part").run()
    assert "24 for training, 8 for validation, 8 for test" in captions(train)
    train.selectbox(key="train_text_column").set_value("stars").run()
    assert "two columns" in errors(train)[0]
    assert train.button(key="train_start").disabled or errors(train)


def test_a_file_stays_while_other_pages_are_visited(train):
    send(train, REVIEWS)
    train.switch_page("pages/3_Errors.py").run()
    train.switch_page("pages/4_Train.py").run()
    assert "24 for training" in captions(train)


def test_raw_messages_are_read_without_their_headers(train):
    posts = "".join(
        json.dumps({"text": f"From: a{n}\n\nKettle number {n}.", "label": f"c{n % 2}"}) + "\n"
        for n in range(20)
    )
    send(train, posts, "posts.jsonl")
    train.checkbox(key="train_messages").check().run()
    assert not train.error
    assert "without their headers" in train.warning[0].value
    train.radio(key="train_divide_by").set_value("other").run()
    train.file_uploader(key="train_validation_file").upload("more.jsonl", posts.encode()).run()
    assert "20 for training, 20 for validation" in captions(train)
    train.checkbox(key="train_messages").uncheck().run()
    assert not train.error


def test_files_can_be_for_validation_and_test(train):
    send(train, REVIEWS)
    train.radio(key="train_divide_by").set_value("other").run()
    train.file_uploader(key="train_validation_file").upload("more.csv", REVIEWS.encode()).run()
    assert "40 for training, 40 for validation" in captions(train)
    assert "40 of the 40 validation documents stand among" in train.warning[0].value.replace(
        "\\", ""
    )


def test_a_share_divides_no_group_and_has_a_seed_of_its_own(train):
    rows = "".join(f"text {n},{'ab'[n % 2]},{n}\n" for n in range(40))
    send(train, "text,label,id\n" + rows)
    assert train.number_input(key="train_group_block").disabled
    train.selectbox(key="train_group_column").set_value("id").run()
    train.number_input(key="train_group_block").set_value(20).run()
    assert "No group of mine.csv can be held out" in errors(train)[0]
    assert train.button(key="train_start").disabled
    train.number_input(key="train_group_block").set_value(4).run()
    assert "24 for training, 8 for validation, 8 for test" in captions(train)
    train.number_input(key="train_split_seed").set_value(7).run()
    train.button(key="train_start").click().run()
    (run,) = runs()
    stop(run.id)
    assert (run.plan.source.group_column, run.plan.source.split_seed) == ("id/4", 7)
    assert "--group-column id/4 --split-seed 7" in run.plan.command()


def test_teachers_label_documents_that_have_no_labels(train):
    send(train, REVIEWS.replace("review,", "text,"))
    before = {tile.label: tile.value for tile in train.metric}
    assert "train_teachers" not in {box.key for box in train.multiselect}
    more = "text\n" + "".join(f"A film of {n} minutes and no label.\n" for n in range(400))
    train.file_uploader(key="train_unlabelled_file").upload("more.csv", more.encode()).run()
    assert not train.exception
    assert "24 for training, 8 for validation, 8 for test, 400 unlabelled; 2 classes" in captions(
        train
    )
    assert {tile.label: tile.value for tile in train.metric} != before
    teachers = train.multiselect(key="train_teachers")
    assert teachers.value == ["nb-svm"]
    # The checkpoints tell other classes apart.
    assert teachers.options == ["nb-svm", "tf-idf", "Nobody"]
    train.button(key="train_start").click().run()
    (run,) = runs()
    stop(run.id)
    assert run.plan.settings["teachers"] == ["nb-svm"]
    assert run.plan.source.unlabelled.endswith("more.csv")
    assert "more.csv" in run.plan.command()


def test_texts_that_nobody_labels_are_for_pretraining_or_a_shift(train):
    send(train, REVIEWS.replace("review,", "text,"))
    more = "text\n" + "".join(f"A film of {n} minutes and no label.\n" for n in range(40))
    train.file_uploader(key="train_unlabelled_file").upload("more.csv", more.encode()).run()
    train.multiselect(key="train_teachers").set_value(["none"]).run()
    assert ["both are 0" in error.value for error in train.error] == [True]
    train.number_input(key="set_pretrain").set_value(1).run()
    assert not train.error
    assert not train.exception
    assert "Pretraining, 1 epoch" in {tile.label for tile in train.metric}
    train.button(key="train_start").click().run()
    (run,) = runs()
    stop(run.id)
    assert (run.plan.settings["teachers"], run.plan.settings["pretrain"]) == (["none"], 1)
    assert "--set teachers=none" in run.plan.command()


def test_a_form_offers_what_a_model_has(train):
    keys = {
        "set_pretrain", "set_adversarial", "set_virtual_adversarial", "set_attention_guide",
        "set_guide_against", "set_start_share",
    }  # fmt: skip
    assert keys <= {box.key for box in train.number_input}
    train.segmented_control(key="train_model").set_value("transformer").run()
    assert keys & {box.key for box in train.number_input} == keys - {"set_pretrain"}


def test_teachers_label_parts_of_the_training_documents(train):
    send(train, REVIEWS.replace("review,", "text,").replace(" film", "; film"))
    assert "train_teachers" not in {box.key for box in train.multiselect}
    train.number_input(key="set_stretches").set_value(20).run()
    assert not train.exception
    assert not train.error
    assert train.multiselect(key="train_teachers").value == ["nb-svm"]
    train.button(key="train_start").click().run()
    (run,) = runs()
    stop(run.id)
    assert run.plan.settings["stretches"] == 20
    assert run.plan.settings["teachers"] == ["nb-svm"]
    assert "--set stretches=20" in run.plan.command()


def test_checkpoints_that_fit_can_teach(train):
    more = "text\n" + "".join(f"No label {n}.\n" for n in range(5))
    train.file_uploader(key="train_unlabelled_file").upload("more.csv", more.encode()).run()
    teachers = train.multiselect(key="train_teachers")
    there = {option.split(" ")[0].replace("\\", "") for option in teachers.options}
    assert {"nb-svm", "small-han", "small-bilstm"} <= there
    train.multiselect(key="train_teachers").set_value(["small-han"]).run()
    assert not train.error
    train.text_input(key="set_language").set_value("de").run()
    assert train.multiselect(key="train_teachers").value == ["nb-svm"]
    train.multiselect(key="train_teachers").set_value([]).run()
    assert errors(train) == [sentences.NO_TEACHER]
    assert train.button(key="train_start").disabled


@pytest.mark.parametrize(
    ("name", "content", "says"), [("u.csv", "body\nnew\n", "body"), ("u.parquet", "PAR1", "u.parq")]
)
def test_unlabelled_documents_that_cannot_be_used_get_one_sentence(train, name, content, says):
    train.file_uploader(key="train_unlabelled_file").upload(name, content.encode()).run()
    assert not train.exception
    assert len(train.error) == 1
    assert says in errors(train)[0]
    assert train.button(key="train_start").disabled


@pytest.mark.parametrize(
    ("classes", "names", "reads", "fit"),
    [
        ((), (), ("en", "words"), True),
        (("neg", "pos"), (), ("en", "words"), True),
        (("1", "0"), (), ("en", "words"), True),
        (("neg", "pos"), (), ("en", "characters"), False),
        (("neg", "pos"), (), ("zh", "words"), False),
        (("neg", "neutral", "pos"), (), ("en", "words"), False),
        (("bad", "good"), (), ("en", "words"), False),
        (("bad", "good"), ("negative", "positive"), ("en", "words"), True),
    ],
)
def test_which_checkpoints_can_teach(classes, names, reads, fit):
    listing = "a", Path("a"), "han", "additive", "imdb", ("negative", "positive"), 0.9, "en"
    assert fits(Listing(*listing), classes, names, reads) == fit


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        ("text\nfine\ndull\n", "one.csv", "two columns"),
        ("text,label\nfine,\ndull,\n", "none.csv", "no row"),
        ("text,label\nfine,a\ndull,a\nso so,a\n", "same.csv", "two classes"),
        ("text,label\n1,a\n2,b\n3,a\n4,b\n", "numbers.csv", "numbers"),
        (
            "text,label\n" + "".join(f"word {n},{n / 7:.3f}\n" for n in range(1, 30)),
            "floats.csv",
            "measurements",
        ),
        ("text,label\nné,a\nfou,b\n".encode("latin-1"), "latin.csv", "UTF-8"),
        ("{", "broken.jsonl", ""),
        (b"PAR1", "broken.parquet", ""),
    ],
    ids=lambda value: value if str(value).endswith(("csv", "jsonl", "parquet")) else "",
)
def test_a_file_that_cannot_be_used_gets_one_sentence(train, content, name, says):
    send(train, content, name)
    assert not train.exception
    assert len(train.error) == 1
    assert says in errors(train)[0]
    assert train.button(key="train_start").disabled
    train.selectbox(key="train_data").set_value("bundled:classroom").run()
    assert not train.error
    assert not train.button(key="train_start").disabled


def test_odd_labels_give_a_warning_and_can_be_trained_on(train):
    rows = [{"text": f"word {n % 7} and {n}", "label": f"class {n % 200}"} for n in range(600)]
    rows.append({"text": "alone", "label": "alone"})
    send(train, "\n".join(map(json.dumps, rows)), "many.jsonl")
    warning = train.warning[0].value.replace("\\", "")
    assert "201 classes" in warning
    assert '"alone"' in warning
    assert not train.button(key="train_start").disabled


def test_a_hub_that_cannot_be_reached_gets_one_sentence(train, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_DATASETS_SERVER", "http://127.0.0.1:9")
    train.selectbox(key="train_data").set_value(data_form.HUB).run()
    assert not train.error
    train.text_input(key="train_hub").set_value("nobody/nothing").run()
    assert len(train.error) == 1
    train.text_input(key="train_hub").set_value("../etc").run()
    assert "does not name a data set" in errors(train)[0]


def test_a_data_set_of_the_hub_is_offered_before_it_is_fetched(train, server):  # noqa: F811
    train.selectbox(key="train_data").set_value(data_form.HUB).run()
    train.text_input(key="train_hub").set_value("owner/small").run()
    assert not train.error
    assert train.selectbox(key="train_hub_config").options == ["en", "zh"]
    assert train.selectbox(key="train_hub_split").options == ["test (30 rows)", "train (70 rows)"]
    assert "label (neg, pos)" in captions(train).replace("\\", "")
    assert "image" not in train.selectbox(key="train_text_column").options
    assert "Only the first rows have been fetched" in captions(train)
    train.radio(key="train_divide_by").set_value("other").run()
    assert train.selectbox(key="train_test_split").value == "hf:owner/small/en@test"
    assert not train.button(key="train_start").disabled
    train.selectbox(key="train_hub_config").set_value("zh").run()
    assert train.selectbox(key="train_test_split").value == "hf:owner/small/zh@test"


def test_a_run_begins_and_becomes_a_checkpoint(train, root):
    train.number_input(key="set_epochs").set_value(1)
    train.text_input(key="train_name").set_value("mine")
    train.button(key="train_start").click().run()
    assert not train.exception
    (run,) = runs()
    assert train.segmented_control(key="train_view").value == run_list.RUNS
    assert "run-status" in hooks(train)
    assert run.plan.settings["epochs"] == 1
    assert len(run.plan.watched) == 2
    end = time.monotonic() + PATIENCE
    while view(run.id).is_live and time.monotonic() < end:
        time.sleep(0.2)
    assert view(run.id).status == "done", view(run.id).message
    train.run()
    assert train.button(key="run_explore").label == "Open in Explore"
    (mine,) = (one for one in list_checkpoints(root) if one.name == "mine")
    assert mine.mixed_accuracy is not None
    assert "run-curves" in hooks(train)


def test_a_full_quota_is_shown_and_refuses_a_run_in_one_sentence(train, monkeypatch):
    made("the large one")
    cached_runs.forget_runs()
    captions = [caption.value for caption in train.run().caption]
    assert any(text.startswith("Disk: runs") and "of 20 GiB" in text for text in captions)
    monkeypatch.setenv("HANSCOPE_RUNS_LIMIT", "100")
    train.button(key="train_start").click().run()
    assert not train.exception
    assert "of the 100 bytes allowed" in errors(train)[0]
    assert "delete runs that nobody needs" in errors(train)[0]
    assert len(runs()) == 1
    train.segmented_control(key="train_view").set_value(run_list.RUNS).run()
    assert any("the large one" in caption.value for caption in train.caption)


def test_no_run_yet_is_said(train):
    train.segmented_control(key="train_view").set_value(run_list.RUNS).run()
    assert "There is no run of a text model yet" in train.info[0].value


def test_an_address_that_names_a_run_opens_it(train):
    id = made()
    train.query_params["run"] = id
    train.run()
    assert train.segmented_control(key="train_view").value == run_list.RUNS
    assert train.header[0].value == "a run"
    train.query_params["run"] = "../../etc"
    train.run()
    assert not train.exception


def test_runs_lie_over_one_another_and_their_differences_are_marked(train):
    ids = [
        made("one", [line(1, 0.5), line(2, 0.75)], settings={"seed": 1}),
        made("two", [line(1, 0.6)], settings={"seed": 2}, model="bilstm"),
    ]
    look_at(train, *ids)
    assert train.header[0].value == "2 runs"
    assert "several-curves" in hooks(train)
    table, differences = (frame.value for frame in train.dataframe)
    # The size that a HAN alone has differs as well.
    assert set(differences.index) == {"model", "seed", "dropout_sentences"}
    assert dict(zip(table["name"], table["accuracy"], strict=True)) == {"one": 75, "two": 60}


def test_one_run_shows_what_it_reached_and_said(train):
    look_at(train, made("one", [line(1, 0.5), line(2, 0.75)]))
    tiles = {tile.label: tile.value for tile in train.metric}
    assert tiles["Best validation, epoch 2"] == "75.0%"
    assert tiles["Epochs"].startswith("2 of")
    said = [text.value for text in train.markdown]
    assert any(r"one said \<b\>this\<\/b\>\." in text for text in said)
    assert "han_core train" in train.code[0].value


def test_a_run_that_somebody_deleted_is_no_longer_looked_at(train):
    look_at(train, "20000101-000000-00000000", made("there"))
    assert train.header[0].value == "there"


def test_a_button_that_comes_too_late_says_so(train):
    id = made()
    look_at(train, id)
    notice = "Only a run at work can be stopped"
    train.session_state[run_view.NOTICE] = f"{notice}; it is done."
    train.run()
    assert notice in train.warning[0].value
    train.run()
    assert not train.warning


def test_a_zip_that_is_none_gets_one_sentence(train):
    look_at(train, made())
    train.file_uploader(key="zip_upload").upload("bad.zip", b"PK\x03\x04 nothing").run()
    assert not train.exception
    assert len(train.error) == 1


def test_a_zip_becomes_a_run_and_a_checkpoint(train, root):
    from han_core.models.archive import pack

    look_at(train, made())
    train.file_uploader(key="zip_upload").upload("other.zip", pack(root / "small-han")).run()
    assert not train.exception
    assert not train.error
    assert train.header[0].value.startswith("small")
    assert train.button(key="run_explore")
    (imported,) = (one for one in list_checkpoints(root) if one.name == "small-han-2")
    assert imported.mixed_accuracy is not None


def test_a_zip_of_a_system_names_its_page(train):
    from han_core.models.archive import pack

    id = made()
    look_at(train, id)
    data = pack(Path(__file__).parents[2] / "checkpoints" / "series-pulse")
    train.file_uploader(key="zip_upload").upload("other.zip", data).run()
    assert not train.error
    said = train.success[0].value.replace("\\", "")
    assert said == "series-pulse is there now. It is for time series (page Series)."


def test_a_run_is_renamed(train):
    id = made("before")
    look_at(train, id)
    train.text_input(key=f"run_name_{id}").set_value("after *it*")
    train.button(key="run_rename_now").click().run()
    assert train.header[0].value == r"after \*it\*"
    train.text_input(key=f"run_name_{id}").set_value(" ")
    train.button(key="run_rename_now").click().run()
    assert len(train.warning) == 1
    assert view(id).name == "after *it*"


def test_the_default_name_of_a_run():
    assert new_run.default_name("han", "classroom/zh") == "han-classroom-zh"
    assert new_run.default_name("bilstm", "My reviews (2).csv") == "bilstm-my-reviews-2"
    assert new_run.default_name("han", "") == "han"


def test_offers_take_one_class_after_the_other(monkeypatch):
    class Look:
        texts = ("one", "two", "three", "x" * 9_000)
        labels = ("a", "a", "b", "b")

    assert list(new_run.offers(Look, 5_000).values()) == ["one", "three", "two"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.2, "1 s"), (59.4, "59 s"), (61, "1 min 1 s"), (3_725, "1 h 2 min"), (7_200, "2 h 0 min")],
)
def test_seconds(number, text):
    assert sentences.seconds(number) == text


def test_differences_are_marked_by_the_first_run():
    from pages.train.run_list import highlighted

    rows = pd.DataFrame({"one": ["1", "2"], "two": ["1", "3"]}, index=["a", "b"])
    styled = highlighted(rows).to_html()
    assert styled.count("background-color") == 1


def test_word_vectors_that_are_brought_decide_the_size(train):
    content = b"fine 0.1 0.2 0.3\ndull 0.4 0.5 0.6\n"
    train.file_uploader(key="train_vectors").upload("small.txt", content).run()
    assert not train.exception
    assert not train.error
    assert "3 dimensions" in captions(train)
    assert "set_embedding" not in {box.key for box in train.number_input}
    train.file_uploader(key="train_vectors").upload("bad.txt", b"").run()
    assert "a word and its vector" in errors(train)[0]


def test_a_preset_leaves_the_language_to_the_documents(train):
    train.selectbox(key="train_data").set_value("bundled:classroom/zh").run()
    train.segmented_control(key="train_preset").set_value("balanced").run()
    assert train.text_input(key="set_language").value == "zh"
    assert "Changed" not in captions(train)


@pytest.mark.parametrize(
    ("data", "kind"),
    [("bundled:classroom/zh", kind) for kind in domain_form.CHOICES]
    + [(data_form.FILE, domain_form.NONE), (data_form.HUB, domain_form.NONE)],
)
def test_the_form_in_chinese(train, in_chinese, data, kind):
    train.session_state["train_data"] = data
    train.session_state["train_domain_kind"] = kind
    app = in_chinese(train)
    assert app.title[0].value == "训练"
    assert english(app) == []


@pytest.mark.parametrize("spec", ["bundled:everyday", "bundled:everyday/zh"])
def test_the_page_train_says_how_many_everyday_reviews_it_offers(spec):
    assert f"{len(read_corpus(spec)):,} short reviews" in data_form.SOURCES[spec]
