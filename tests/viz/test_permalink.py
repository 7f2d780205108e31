"""Links to views, and the store of documents that are too long for a link."""

import base64
import hashlib
import json
import os
import re
import stat
import time
import tracemalloc
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from han_core.data.text_files import LONGEST_TEXT
from han_core.explanation.interventions import Intervention
from han_core.runtime.errors import UserError
from han_core.text.edits import Edit
from han_core.viz import permalink
from han_core.viz.permalink import (
    DocumentStore,
    View,
    from_link,
    restore,
    share,
    to_link,
    view_of,
)

ID = "a" * 26

MADE_BY_VERSION_1 = (
    "PM-FXW5k1X542l2OQWrDQAxFr2K0noSEEgqmZNtDlCzGtmyLeDRmRg4FY-gdui101WPkMoHSa1QypYushP5_-l8z"
    "XDBligzl3kHdY30eI7FACb3nDYWmAgeCr6Y8T-KKn4_P769rcXt7L3Ru1U3oG-JOgYFaUSGg9LHRvUvqIJsmPnVo"
    "IYydF7qgatiQZChfZshqq7lTjfXwwULHwdcYcP0FFvcPHf6gx3voqTrCcrKqMGJaP5rhTMZC7qe2Haw0K4xc49om"
    "aKiXKem-3-7MRsteHKzRVdTjiamNKcDyCxlNZnQ"
)


def link_of(content: object, check: bytes | None = None) -> str:
    """A token as anybody can make it: the checksum is right, whatever the content."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    packed = zlib.compress(raw)
    return sealed(packed, check)


def sealed(packed: bytes, check: bytes | None = None) -> str:
    check = hashlib.sha256(packed).digest()[:8] if check is None else check
    return base64.urlsafe_b64encode(check + packed).decode().rstrip("=")


def refusal(token: str) -> str:
    with pytest.raises(UserError) as caught:
        from_link(token)
    return str(caught.value)


def wire(**changed) -> dict:
    return {"version": 1, "checkpoint": "han", "text": "A good film.", **changed}


def edit(start, end, **changed) -> dict:
    return {"start": start, "end": end, **changed}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@st.composite
def views(draw) -> View:
    text = draw(TEXTS)
    spans = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(sorted)
    edits = draw(st.lists(spans.filter(lambda span: span[0] < span[1]), max_size=5))
    tampering = st.builds(
        Intervention,
        kind=st.sampled_from(["flatten", "shuffle", "sharpen"]),
        sentence=st.none() | st.just(0),
        temperature=st.floats(0.05, 20),
        seed=st.integers(0, 2**32 - 1),
    )
    return View(
        checkpoint=draw(st.from_regex(r"\A[a-zA-Z0-9_é真-][a-zA-Z0-9_é真 .,()+=@-]{0,99}\Z")),
        text=text,
        reading=draw(st.sampled_from(["sentence", "document", "lift"])),
        method=draw(st.sampled_from(["attention", "gradient", "leave_one_word_out"])),
        target=draw(st.none() | TEXTS),
        edits=tuple(Edit(start, end, draw(st.just("") | TEXTS)) for start, end in edits),
        tampering=draw(st.none() | tampering),
        placebo=draw(st.sampled_from(["none", "untrained", "uniform"])),
    )


@given(views())
def test_a_view_comes_back_as_it_was(view):
    token = to_link(view)
    assert re.fullmatch("[A-Za-z0-9_-]+", token)
    assert from_link(token) == view


@given(views(), st.data())
def test_a_link_that_was_cut_or_changed_is_refused(view, data):
    token = to_link(view)
    at = data.draw(st.integers(0, len(token) - 1))
    sign = data.draw(st.sampled_from("AQgw_-09z./+= é\n\0"))
    for changed in (token[:at], token[at + 1 :], token[:at] + sign + token[at + 1 :], token + sign):
        if changed != token:
            assert refusal(changed).startswith("This link is cut or was changed")


def test_another_last_character_that_means_the_same_bytes_is_a_change():
    tokens = (link_of(wire(text="A good film, no. " + str(n))) for n in range(10**6, 10**9, 10**5))
    # Four bits of the last character are spare where a token has this length.
    token = next(token for token in tokens if len(token) % 4 == 2)
    twin = token[:-1] + chr(ord(token[-1]) + 1)
    assert base64.urlsafe_b64decode(twin + "==") == base64.urlsafe_b64decode(token + "==")
    assert from_link(token)
    assert refusal(twin).startswith("This link is cut or was changed")


@settings(max_examples=300)
@given(st.one_of(st.text(), st.binary().map(sealed), st.binary().map(link_of)))
def test_any_token_raises_nothing_but_a_user_error(token):
    refusal(token)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([*View.model_fields, "more"]), JSON))
def test_any_value_in_any_field_is_a_view_or_a_user_error(changed):
    try:
        view = from_link(link_of(wire(**changed)))
    except UserError:
        return
    assert from_link(to_link(view)) == view


@pytest.mark.parametrize(
    ("changed", "fragment"),
    [
        ({"checkpoint": ".."}, "checkpoint"),
        ({"checkpoint": "../secret"}, "checkpoint"),
        ({"checkpoint": "a/b"}, "checkpoint"),
        ({"checkpoint": "a\\b"}, "checkpoint"),
        ({"checkpoint": "a\n"}, "checkpoint"),
        ({"checkpoint": "a\0"}, "checkpoint"),
        ({"checkpoint": ""}, "checkpoint"),
        ({"checkpoint": "<img>"}, "checkpoint"),
        ({"checkpoint": "a" * 101}, "checkpoint"),
        ({"checkpoint": 3}, "checkpoint"),
        ({"text": ""}, "text"),
        ({"text": None}, "either a text or a document's id"),
        ({"document": ID}, "either a text or a document's id"),
        ({"text": None, "document": "../../etc/passwd"}, "document"),
        ({"text": None, "document": ID.upper()}, "document"),
        ({"reading": "word"}, "reading"),
        ({"method": "pickle"}, "method"),
        ({"placebo": True}, "placebo"),
        ({"target": 1}, "target"),
        ({"edits": [edit(0, 13)]}, "the edit 0:13 lies outside the text"),
        ({"edits": [edit(3, 3)]}, "edits.0: An edit covers"),
        ({"edits": [edit(-1, 3)]}, "edits.0: An edit covers"),
        ({"edits": [edit(0, 1.0)]}, "edits.0.end"),
        ({"edits": [edit(0, True)]}, "edits.0.end"),
        ({"edits": [edit(0, "1")]}, "edits.0.end"),
        ({"edits": [edit(0, 1, code="x")]}, "edits.0.code"),
        ({"edits": [{"start": 1}]}, "edits.0.end"),
        ({"edits": [[0, 1]]}, "edits.0"),
        ({"edits": {}}, "edits"),
        ({"edits": [edit(0, 1, replacement="a" * 2_001)]}, "edits.0: A replacement"),
        ({"edits": [edit(0, 1)] * 501}, "edits"),
        ({"tampering": {"kind": "eval"}}, "tampering.kind"),
        ({"tampering": {"kind": "flatten", "code": 1}}, "tampering.code"),
        ({"tampering": {"kind": "sharpen", "temperature": 0}}, "tampering: A temperature"),
        ({"tampering": {"kind": "sharpen", "temperature": float("nan")}}, "tampering.temperature"),
        ({"tampering": {"kind": "sharpen", "temperature": float("inf")}}, "tampering.temperature"),
        ({"tampering": {"kind": "shuffle", "seed": -1}}, "tampering: A seed"),
        ({"tampering": {"kind": "shuffle", "seed": 2**32}}, "sentence or the seed"),
        ({"tampering": {"kind": "shuffle", "seed": True}}, "tampering.seed"),
        ({"tampering": {"kind": "flatten", "sentence": -1}}, "sentence or the seed"),
        ({"tampering": {"kind": "flatten", "sentence": 12}}, "sentence or the seed"),
        ({"tampering": {"kind": "flatten", "layer": -1}}, "the layer of the changed"),
        ({"tampering": {"kind": "flatten", "layer": 1_000}}, "the layer of the changed"),
        ({"tampering": {"kind": "flatten", "layer": 0, "sentence": 0}}, "a sentence came as well"),
        ({"run": "rm"}, "run"),
    ],
)
def test_what_cannot_be_shown_is_refused_and_named(changed, fragment):
    found = refusal(link_of(wire(**changed)))
    assert found.startswith("No link can hold such a view (")
    assert fragment in found
    assert found.endswith(").")
    assert "\n" not in found
    assert ".)" not in found


def test_a_key_of_any_length_makes_one_short_sentence():
    found = refusal(link_of(wire(**{"<b>\n" + "x" * 5_000: 1})))
    assert len(found) < 200
    assert "\n" not in found


@pytest.mark.parametrize("version", [2, 0, "1", None, 1.5])
def test_another_version_is_named_first(version):
    found = refusal(link_of({"version": version, "new": [1], "checkpoint": "/"}))
    assert found.startswith("This link was made by another version of Hanscope")


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 90_000,
        b'{"version":1,"checkpoint":"a","edits":' + b"[" * 50_000,
        b'{"version":1,"seed":' + b"1" * 90_000 + b"}",
        b'{"version":1,"checkpoint":"a","text":"\\ud800"}',
        b'{"version":1,"checkpoint":"a","text":"\xed\xa0\x80"}',
        b"\xff\xfe",
        b"",
        b"null",
        b"[]",
        b"NaN",
        b'{"version":1,"checkpoint":"a","text":"b"} x',
    ],
)
def test_json_made_to_hurt_is_refused(content):
    assert refusal(link_of(content)).startswith("No link can hold such a view")


def test_a_bomb_is_not_unpacked():
    bomb = link_of(b" " * 5_000_000)
    assert len(bomb) < permalink.LONGEST
    tracemalloc.start()
    try:
        assert "unpacks to more than 100,000 bytes" in refusal(bomb)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert "unpacks" in refusal(link_of(b" " * 100_001))
    assert "No link can hold" in refusal(link_of(b" " * 100_000))


def test_what_is_too_long_is_not_even_decoded(monkeypatch):
    monkeypatch.setattr(permalink, "_unpacked", None)
    assert refusal("A" * 8_001) == "A link holds at most 8,000 characters; this one has 8,001."


@pytest.mark.parametrize(
    "packed",
    [
        zlib.compress(b"{}") + b"more",
        zlib.compress(b"{}")[:-1],
        b"",
        b"\x78",
        zlib.compress(b"{}", wbits=31),
        zlib.compress(b"{}", wbits=-15),
    ],
)
def test_only_one_whole_stream_is_unpacked(packed):
    assert refusal(sealed(packed)).startswith("This link is cut or was changed")


def test_the_checksum_is_checked_before_anything_is_unpacked(monkeypatch):
    token = link_of(wire(), check=b"\0" * 8)
    monkeypatch.setattr(permalink.zlib, "decompressobj", None)
    assert refusal(token).startswith("This link is cut or was changed")


def test_a_view_that_cannot_be_is_never_made():
    for changed in ({"text": "\ud800"}, {"checkpoint": ".."}, {"edits": (Edit(0, 99),)}):
        with pytest.raises(ValidationError):
            View(**{"checkpoint": "han", "text": "A good film.", **changed})
        with pytest.raises(UserError, match="No link can hold such a view"):
            view_of(**{"checkpoint": "han", "text": "A good film.", **changed})


def test_a_short_text_stands_in_the_link(tmp_path):
    store = DocumentStore(tmp_path / "documents")
    view = View(checkpoint="han", text="真好。" * 20, edits=(Edit(0, 2),))
    token = share(view, store)
    assert len(token) < permalink.SHORT
    assert restore(token, store) == from_link(token) == view
    assert not store.folder.exists()


def noise(characters: int) -> str:
    digits = (hashlib.sha256(str(n).encode()).hexdigest() for n in range(characters // 64 + 1))
    return "".join(digits)[:characters]


@pytest.mark.parametrize("text", [noise(5_000), "a" * 1_000_000], ids=["noise", "pressed"])
def test_a_long_text_is_stored_and_the_link_stays_short(text, tmp_path):
    store = DocumentStore(tmp_path)
    view = View(checkpoint="han", text=text, edits=(Edit(10, 20, "x"),), reading="lift")
    token = share(view, store)
    assert len(token) < 300
    assert from_link(token).text is None
    assert restore(token, store) == view


def test_the_text_goes_to_the_store_from_the_first_token_that_is_too_long(tmp_path):
    store = DocumentStore(tmp_path)
    seen = set()
    for length in range(2_000, 2_600, 10):
        view = View(checkpoint="han", text=noise(length))
        in_link = from_link(share(view, store)).text is not None
        assert in_link == (len(to_link(view)) <= permalink.SHORT)
        seen.add(in_link)
    assert seen == {True, False}


def test_an_edit_outside_a_stored_text_is_refused_when_it_is_opened(tmp_path):
    store = DocumentStore(tmp_path)
    id = store.save("Short.")
    token = to_link(View(checkpoint="han", document=id, edits=(Edit(0, 7),)))
    with pytest.raises(UserError, match="the edit 0:7 lies outside the text"):
        restore(token, store)


def test_a_stored_text_that_was_deleted_is_a_user_error(tmp_path):
    token = to_link(View(checkpoint="han", document=ID))
    with pytest.raises(UserError, match="not stored here"):
        restore(token, DocumentStore(tmp_path))


def test_more_edits_than_a_link_can_hold_are_refused(tmp_path):
    edits = tuple(Edit(n, n + 1, noise(20_000)[2_000 * n :][:2_000]) for n in range(10))
    with pytest.raises(UserError, match=r"its 10 edits needs [\d,]+ and"):
        share(
            View(checkpoint="han", text="A good film it is.", edits=edits), DocumentStore(tmp_path)
        )


def test_the_most_words_that_can_be_out_together_fit_into_a_link(tmp_path):
    store = DocumentStore(tmp_path)
    edits = tuple(Edit(7 * n, 7 * n + 1 + n % 6) for n in range(500))
    view = View(checkpoint="han", text=noise(3_500), edits=edits)
    assert restore(share(view, store), store) == view


def test_a_link_that_was_made_once_opens_for_ever():
    assert from_link(MADE_BY_VERSION_1) == View(
        checkpoint="han-imdb",
        text="Gut, 真好 – 好.",
        reading="lift",
        method="gradient",
        target="negative",
        edits=(Edit(0, 3), Edit(5, 7, "<b>")),
        tampering=Intervention(kind="shuffle", sentence=0, seed=7),
        placebo="uniform",
    )


@pytest.fixture
def store(tmp_path) -> DocumentStore:
    return DocumentStore(tmp_path / "data" / "documents")


def message(call, argument) -> str:
    with pytest.raises(UserError) as caught:
        call(argument)
    return str(caught.value)


def stored(store: DocumentStore) -> list[str]:
    return sorted(path.stem for path in store.folder.iterdir())


def last_used(store: DocumentStore, id: str, hours_ago: float) -> None:
    moment = time.time() - 3600 * hours_ago
    os.utime(store.folder / f"{id}.txt", (moment, moment))


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_a_text_comes_back_as_it_was(text, tmp_path_factory):
    store = DocumentStore(tmp_path_factory.getbasetemp() / "store")
    assert store.load(store.save(text)) == text


def test_line_breaks_and_marks_stay(store):
    text = "\ufeffa\r\nb\rc\n\0\u2028\x85"
    assert store.load(store.save(text)) == text


def test_the_id_is_the_beginning_of_the_sha_256_in_base_32(store):
    id = store.save("真好")
    digest = hashlib.sha256("真好".encode()).digest()
    assert base64.b32encode(digest).decode().startswith(id.upper())
    assert re.fullmatch(permalink.ID, id)
    assert store.save("真好") == id
    assert stored(store) == [id]
    assert store.save("真好 ") != id


def test_files_are_the_owners_alone(store):
    old = os.umask(0)
    try:
        path = store.folder / f"{store.save('private')}.txt"
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_an_id_that_is_none_never_reaches_the_disk(monkeypatch, store):
    store.save("something")
    (store.folder.parent / "secret.txt").write_text("secret")
    monkeypatch.setattr(Path, "open", None)
    wrong = ["", "../secret", "a" * 25, "a" * 27, "A" * 26, "a" * 25 + "1", "a" * 26 + "\n",
             "a" * 25 + "/", "a" * 25 + "\0", "/" * 26, ".." * 13]  # fmt: skip
    for id in wrong:
        assert "impossible name" in message(store.load, id)


def test_what_is_not_there_is_a_sentence(store):
    assert "is not stored here" in message(store.load, "a" * 26)
    (store.folder / ("a" * 26 + ".txt")).mkdir(parents=True)
    assert "is not stored here" in message(store.load, "a" * 26)


@pytest.mark.parametrize("content", [b"", b"another", b"\xff", b"tru", b"true\n"])
def test_a_file_that_changed_is_noticed(store, content):
    id = store.save("true")
    (store.folder / f"{id}.txt").write_bytes(content)
    assert "is damaged" in message(store.load, id)
    assert store.load(store.save("true")) == "true"


def test_a_huge_file_in_its_place_is_not_read_whole(store):
    id = store.save("true")
    os.truncate(store.folder / f"{id}.txt", 40_000_000)
    assert "is damaged" in message(store.load, id)


def test_the_longest_text_and_one_more_character(store):
    text = "𝔸" * LONGEST_TEXT
    assert store.load(store.save(text)) == text
    assert message(store.save, text + "b").endswith("this one has 1,000,001.")


def test_half_a_character_is_refused(store):
    assert "(a lone surrogate) at position 2" in message(store.save, "ab\ud800")
    assert not store.folder.exists()


def test_the_document_not_used_for_longest_goes_first(tmp_path):
    store = DocumentStore(tmp_path, most_documents=3)
    first, second, third = (store.save(text) for text in ("one", "two", "three"))
    for id, hours in ((first, 9), (second, 8), (third, 7)):
        last_used(store, id, hours)
    store.load(first)
    fourth = store.save("four")
    assert stored(store) == sorted([first, third, fourth])
    assert "is not stored here" in message(store.load, second)
    last_used(store, third, 1)
    last_used(store, fourth, 2)
    last_used(store, first, 3)
    assert store.save("one") == first  # saved once more is used once more
    store.save("five")
    assert fourth not in stored(store)


def test_bytes_are_bounded_and_the_newest_stays(tmp_path):
    store = DocumentStore(tmp_path, most_bytes=10)
    old = store.save("12345")
    last_used(store, old, 2)
    same = store.save("67890")
    assert stored(store) == sorted([old, same])
    last_used(store, same, 1)
    one_more = store.save("x")
    assert stored(store) == sorted([same, one_more])
    large = store.save("larger than all")
    assert stored(store) == [large]
    assert store.load(large) == "larger than all"


def test_what_a_killed_writer_left_goes_and_what_is_not_ours_stays(tmp_path):
    store = DocumentStore(tmp_path, most_documents=1)
    for name, hours in ((".new-dead", 2), (".new-busy", 0), ("notes.db", 99)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (time.time() - 3600 * hours,) * 2)
    id = store.save("a")
    assert {path.name for path in tmp_path.iterdir()} == {".new-busy", "notes.db", f"{id}.txt"}


def test_a_disk_that_refuses_is_a_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert "cannot be stored" in message(DocumentStore(tmp_path / "file" / "below").save, "a")
    store = DocumentStore(tmp_path / "documents")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert "(No space left on device)" in message(store.save, "a")
    assert stored(store) == []


def test_many_writers_and_readers_at_once(tmp_path):
    store = DocumentStore(tmp_path)

    def there_and_back(number: int) -> bool:
        text = f"document {number % 7} " * 1_000
        return store.load(store.save(text)) == text

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(200)))
    assert len(stored(store)) == 7
