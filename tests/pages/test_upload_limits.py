"""What the server holds of files that are sent, with Streamlit's own store."""

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import DeletedFile, UploadedFileRec

from han_core.runtime.errors import UserError
from pages.shared import upload_limits
from pages.shared.upload_limits import UploadLimits, sent_file


@pytest.fixture
def manager():
    manager = MemoryUploadedFileManager("/upload")
    UploadLimits(manager)
    return manager


def send(manager, session, id, data=b"text\n"):
    manager.add_file(
        session_id=session, file=UploadedFileRec(file_id=id, name="a.csv", type="", data=data)
    )


def address(manager, session):
    (info,) = manager.get_upload_urls(session, ["a.csv"])
    return info.file_id


def ids(manager, session):
    return list(manager.file_storage.get(session, {}))


def test_a_file_that_no_widget_asked_for_is_not_held(manager):
    send(manager, "s", "made-up")
    asked = address(manager, "s")
    send(manager, "other", asked)
    assert (ids(manager, "s"), ids(manager, "other")) == ([], [])
    send(manager, "s", asked)
    assert ids(manager, "s") == [asked]
    assert manager.get_files("s", [asked])[0].data == b"text\n"


def test_the_oldest_files_of_a_session_go_first(manager, monkeypatch):
    monkeypatch.setattr(upload_limits, "MOST_FILES", 2)
    names = [address(manager, "s") for _ in range(3)]
    for name in names:
        send(manager, "s", name)
    other = address(manager, "t")
    send(manager, "t", other)
    assert (ids(manager, "s"), ids(manager, "t")) == (names[1:], [other])
    monkeypatch.setattr(upload_limits, "MOST_SESSION", 10)
    send(manager, "s", large := address(manager, "s"), b"1234567890")
    assert ids(manager, "s") == [large]


def test_a_session_that_ends_takes_its_files_and_names_along(manager):
    name = address(manager, "s")
    send(manager, "s", name)
    manager.remove_session_files("s")
    send(manager, "s", name)
    assert ids(manager, "s") == []


def test_a_file_that_the_server_let_go_of_is_to_be_chosen_again(monkeypatch):
    state = {"gone": DeletedFile("1"), "none": None}
    monkeypatch.setattr(upload_limits.st, "session_state", state)
    with pytest.raises(UserError, match="Remove it and choose it again"):
        sent_file("gone")
    with pytest.raises(UserError):
        sent_file("gone", known="2")
    assert sent_file("gone", known="1") is None
    assert sent_file("none") is sent_file("never drawn") is None
