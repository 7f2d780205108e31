"""A checkpoint goes out as a zip and comes back as it was; nothing else comes in."""

import os
import random
import shutil
import stat
import time
import zipfile
from dataclasses import replace
from io import BytesIO
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest

from han_core.models import archive, import_check
from han_core.models import checkpoint as checkpoint_module
from han_core.models.archive import move_in, pack, unpack
from han_core.models.checkpoint import (
    CARD,
    CONFIG,
    METRICS,
    README,
    VOCABULARY,
    WEIGHTS,
    load_checkpoint,
)
from han_core.models.listing import list_checkpoints
from han_core.models.registry import count_parameters
from han_core.runtime import atomic_io
from han_core.runtime.errors import UserError


@pytest.fixture
def checkpoint(random_checkpoint):
    return random_checkpoint("han")


@pytest.fixture
def files(checkpoint) -> dict[str, bytes]:
    return {f"mine/{path.name}": path.read_bytes() for path in checkpoint.iterdir()}


@pytest.fixture(autouse=True)
def checked_here(monkeypatch):
    """A child process takes seconds; two tests start one."""
    monkeypatch.setattr(archive, "check_import", load_checkpoint)


@pytest.fixture
def checked_in_a_child(monkeypatch):
    monkeypatch.setattr(archive, "check_import", import_check.check_import)


def zipped(files: dict, method: int = ZIP_DEFLATED) -> bytes:
    made = BytesIO()
    with ZipFile(made, "w", method) as target:
        for name, content in files.items():
            target.writestr(name, content)
    return made.getvalue()


def refused(data: bytes, root, saying: str = ".") -> str:
    """The sentence; and nothing was left behind."""
    with pytest.raises(UserError, match=saying) as caught:
        unpack(data, root)
    assert list(root.iterdir()) == []
    assert str(root) not in str(caught.value)
    return str(caught.value)


# There and back.


def test_a_checkpoint_comes_back_byte_for_byte_without_what_resuming_needs(checkpoint, tmp_path):
    mine = shutil.copytree(checkpoint, tmp_path / "mine")
    (mine / "resume").mkdir()
    (mine / "resume" / "state").write_bytes(b"large")
    assert unpack(pack(mine), tmp_path / "root") == "mine"
    found = tmp_path / "root" / "mine"
    assert {path.name for path in found.iterdir()} == {path.name for path in checkpoint.iterdir()}
    for path in checkpoint.iterdir():
        assert (found / path.name).read_bytes() == path.read_bytes()
    assert [listing.name for listing in list_checkpoints(tmp_path / "root")] == ["mine"]
    assert stat.S_IMODE(found.stat().st_mode) & 0o500 == 0o500


def test_its_card_goes_with_it(checkpoint, tmp_path):
    mine = shutil.copytree(checkpoint, tmp_path / "mine")
    for name in (CARD, README):
        (mine / name).write_text("{}", encoding="utf-8")
    assert unpack(pack(mine), tmp_path / "root") == "mine"
    found = tmp_path / "root" / "mine"
    assert (found / CARD).read_text() == (found / README).read_text() == "{}"


def test_the_same_checkpoint_gives_the_same_bytes(checkpoint, tmp_path):
    other = shutil.copytree(checkpoint, tmp_path / checkpoint.name, copy_function=shutil.copyfile)
    assert pack(checkpoint) == pack(other)


def test_a_name_that_is_taken_gets_a_number(checkpoint, tmp_path):
    data = pack(checkpoint, "A film, 2 stars!")
    names = [unpack(data, tmp_path) for _ in range(3)]
    assert names == ["A-film-2-stars", "A-film-2-stars-2", "A-film-2-stars-3"]
    assert unpack(data, tmp_path, "other") == "other"
    assert len(list_checkpoints(tmp_path)) == 4


def test_a_name_is_not_free_while_its_folder_is_replaced_or_somebody_is_faster(
    tmp_path, monkeypatch
):
    for name in (".new.previous", "place/new"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(os.path, "lexists", lambda path: False)
    (tmp_path / "new-2").mkdir()
    (tmp_path / "new-2" / "file").touch()
    assert move_in(tmp_path / "place" / "new", tmp_path) == "new-3"
    assert (tmp_path / "new-3").is_dir()


def test_what_is_replaced_while_it_is_packed_is_packed_as_it_was(
    checkpoint, random_checkpoint, tmp_path, monkeypatch
):
    mine = shutil.copytree(checkpoint, tmp_path / "mine")
    other = random_checkpoint("bilstm")
    before, opened = pack(mine), archive._open_in

    def replaced(place, name):
        monkeypatch.undo()
        found = opened(place, name)
        with atomic_io.whole_folder(mine) as new:
            shutil.copytree(other, new, dirs_exist_ok=True)
        return found

    monkeypatch.setattr(archive, "_open_in", replaced)
    assert pack(mine) == pack(mine) != before


@pytest.mark.parametrize("name", [CONFIG, VOCABULARY, WEIGHTS])
def test_half_a_checkpoint_is_not_packed(checkpoint, tmp_path, name):
    mine = shutil.copytree(checkpoint, tmp_path / "mine")
    (mine / name).unlink()
    with pytest.raises(UserError, match=f"mine has no {name}"):
        pack(mine)


# What others bring.


@pytest.mark.parametrize("top", ["", "mine/", "名前/"])
@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_DEFLATED])
def test_files_may_stand_in_one_folder_or_in_none(files, tmp_path, top, method):
    moved = {top + name.removeprefix("mine/"): content for name, content in files.items()}
    listed = {top: b"", **moved} if top else moved
    name = unpack(zipped(listed, method), tmp_path)
    assert name == (top.removesuffix("/") or "checkpoint")
    assert load_checkpoint(tmp_path / name).labels == ("negative", "positive")


def test_metrics_and_history_may_be_missing(files, tmp_path):
    few = {name: files[f"mine/{name}"] for name in (CONFIG, VOCABULARY, WEIGHTS)}
    assert load_checkpoint(tmp_path / unpack(zipped(few), tmp_path)).metrics == {}


@pytest.mark.parametrize(
    "name",
    [
        "mine/weights.pkl", "mine/pytorch_model.bin", "data.pt", "mine/resume/state.safetensors",
        "mine/model.safetensors/config.json", "__MACOSX/._config.json", "mine/CONFIG.JSON",
        "readme\nno. 2",
    ],
)  # fmt: skip
def test_any_other_file_is_named(files, tmp_path, name):
    assert name.split("\n")[0] in refused(zipped({**files, name: b"x"}), tmp_path, "nothing else")


@pytest.mark.parametrize(
    "name",
    [
        "../config.json", "mine/../config.json", "/config.json", "/", "..", "mine//config.json",
        "./config.json", "..\\config.json", "C:config.json", "mine/..", "\\\\host\\config.json",
    ],
)  # fmt: skip
def test_paths_that_climb_are_named(files, tmp_path, name):
    place = tmp_path / "root"
    assert "leads out" in refused(zipped({name: b"{}", **files}), place)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_what_hides_behind_the_end_of_a_name_is_seen(files, tmp_path):
    data = zipped({**files, "metrics.json#.so": b""}).replace(b"json#.so", b"json\0.so")
    refused(data, tmp_path, "leads out")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_devices_are_refused(files, tmp_path, kind):
    entry = ZipInfo("mine/metrics.json")
    entry.external_attr = (kind | 0o777) << 16
    rest = {name: content for name, content in files.items() if METRICS not in name}
    refused(zipped({**rest, entry: b"/etc/passwd"}), tmp_path, "metrics.json in the zip is a link")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_folders_and_two_files_of_a_name_are_refused(files, tmp_path):
    refused(zipped({**files, "other/config.json": b"{}"}), tmp_path, "one folder")
    made = BytesIO()
    with ZipFile(made, "w") as target:
        for name in (*files, "mine/config.json"):
            target.writestr(name, files[name])
    refused(made.getvalue(), tmp_path, "twice")


def test_encrypted_and_unusual_files_are_refused(files, tmp_path):
    refused(zipped(files, ZIP_BZIP2), tmp_path, "compressed with an unknown method")
    data = zipped(files).replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\1\0")
    refused(data, tmp_path, "encrypted")


@pytest.mark.parametrize("name", [CONFIG, VOCABULARY, WEIGHTS])
def test_a_missing_file_is_named(files, tmp_path, name):
    del files[f"mine/{name}"]
    refused(zipped(files), tmp_path, f"The zip has no {name}")


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip", b"\x80\x04", b"PK\5\6" + bytes(18)])
def test_what_is_no_zip_is_one_sentence(tmp_path, data):
    assert refused(data, tmp_path).endswith((".", "config.json."))


def test_a_checkpoint_that_does_not_load_does_not_move_in(files, tmp_path):
    files[f"mine/{WEIGHTS}"] = files[f"mine/{WEIGHTS}"][:-8] + bytes(8)
    assert "checksum" in refused(zipped(files), tmp_path, "model.safetensors in mine")


# Bombs.


def test_a_bomb_is_refused_before_it_unpacks(files, tmp_path, monkeypatch):
    bomb = zipped({**files, "mine/model.safetensors": bytes(300_000_000)})
    large = zipped({**files, "mine/metrics.json": bytes(2_000_000)})
    monkeypatch.setattr(ZipFile, "open", lambda *_: pytest.fail("nothing should be unpacked"))
    refused(bomb, tmp_path, "a zip bomb")
    refused(large, tmp_path, "larger than the 1")


def test_a_size_that_lies_is_not_believed(files, tmp_path):
    data = zipped({**files, "mine/metrics.json": bytes(999_999)})
    lie = data.replace((999_999).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lie != data
    refused(lie, tmp_path, "damaged")


def test_a_file_that_goes_on_past_its_size_is_cut_off(files, tmp_path, monkeypatch):
    class Endless(zipfile.ZipExtFile):
        def read(self, n=-1):
            return bytes(n)

    monkeypatch.setattr(zipfile, "ZipExtFile", Endless)
    refused(zipped(files), tmp_path, "larger than the 1,000,000")


def test_a_zip_with_a_million_entries_is_refused_unread(tmp_path):
    names = {f"{number:x}": b"" for number in range(5_000)}
    refused(zipped(names), tmp_path, "lists far more")


def test_whatever_is_changed_in_a_zip_it_is_whole_or_one_sentence(files, tmp_path):
    draw, whole = random.Random(3), zipped(files)
    sentences = []
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        if draw.random() < 0.2:
            del data[draw.randrange(len(data)) :]
        try:
            name = unpack(bytes(data), tmp_path)
        except UserError as error:
            sentences.append(str(error))
        else:
            load_checkpoint(tmp_path / name)
    assert len(sentences) > 100
    assert not any("\n" in sentence for sentence in sentences)
    assert not list(tmp_path.glob(".*"))


def test_weights_that_take_too_much_memory_are_refused_by_their_configuration(
    random_checkpoint, monkeypatch
):
    folder = random_checkpoint("han")
    size = 4 * count_parameters(load_checkpoint(folder).model)
    monkeypatch.setattr(import_check, "LARGEST_LOADED", size)
    import_check.check_size(folder)
    monkeypatch.setattr(import_check, "LARGEST_LOADED", size - 1)
    with pytest.raises(UserError, match="Weights of at most"):
        import_check.check_size(folder)


@pytest.mark.usefixtures("checked_in_a_child")
def test_weights_are_first_read_in_a_child_process(files, tmp_path, monkeypatch):
    """8 MB of zip could hold 3 GB of weights; the server never has them in its memory."""
    monkeypatch.setattr(checkpoint_module, "read_weights", lambda *_: pytest.fail("read here"))
    assert unpack(zipped(files), tmp_path) == "mine"
    files[f"mine/{WEIGHTS}"] = files[f"mine/{WEIGHTS}"][:-8] + bytes(8)
    with pytest.raises(UserError, match="checksum"):
        unpack(zipped(files), tmp_path)


@pytest.mark.usefixtures("checked_in_a_child")
def test_a_child_that_is_stopped_is_one_sentence(files, tmp_path, monkeypatch):
    monkeypatch.setattr(import_check, "LIMITS", replace(import_check.LIMITS, wall_seconds=0.01))
    refused(zipped(files), tmp_path, "made the process that checks it stop")


# The disk.


def test_a_full_disk_is_one_sentence_and_leaves_nothing(files, tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused(zipped(files), tmp_path, "No space left on device")


def test_what_a_killed_process_left_is_swept_away(files, tmp_path):
    for name, age in (("old", 9_999), ("new", 9)):
        left = tmp_path / f".unpacking-{name}"
        left.mkdir()
        (left / "file").touch()
        os.utime(left, (time.time() - age,) * 2)
    unpack(zipped(files), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".unpacking-new", "mine"}
