"""Uploads that the server holds in memory: only those that a page asked for, and few a visitor.

Streamlit keeps every file that is sent under any name until its session ends. Here a file is
kept if its name was given to a browser for a widget, and the oldest of a session go first.
"""

from collections import defaultdict, deque
from collections.abc import Sequence

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import (
    DeletedFile,
    UploadedFile,
    UploadedFileManager,
    UploadedFileRec,
    UploadFileUrlInfo,
)

from han_core.runtime.errors import UserError
from han_core.runtime.messages import tr

MOST_FILES = 8  # of a session: a page has five widgets that take one each
MOST_SESSION = 150 * 2**20  # bytes of a session
MOST_IDS = 64  # names that a session may have in hand


class UploadLimits:
    """Put limits on the files that ``manager`` holds."""

    def __init__(self, manager: UploadedFileManager) -> None:
        assert isinstance(manager, MemoryUploadedFileManager)
        self._manager, self._add, self._urls = manager, manager.add_file, manager.get_upload_urls
        self._remove_session = manager.remove_session_files
        self._issued: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=MOST_IDS))
        manager.add_file = self.add_file  # type: ignore[method-assign]
        manager.get_upload_urls = self.get_upload_urls  # type: ignore[method-assign]
        manager.remove_session_files = self.remove_session_files  # type: ignore[method-assign]

    def get_upload_urls(
        self, session_id: str, file_names: Sequence[str]
    ) -> list[UploadFileUrlInfo]:
        """Return the addresses for files of a widget, and expect them."""
        infos = self._urls(session_id, file_names)
        self._issued[session_id].extend(info.file_id for info in infos)
        return infos

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Keep a file that a widget waits for, and drop the oldest beyond the limits."""
        if file.file_id not in self._issued.get(session_id, ()):
            return
        self._add(session_id=session_id, file=file)
        held = list(self._manager.file_storage.get(session_id, {}).values())
        while len(held) > MOST_FILES or sum(len(one.data) for one in held) > MOST_SESSION:
            self._manager.remove_file(session_id, held.pop(0).file_id)

    def remove_session_files(self, session_id: str) -> None:
        """Forget a session."""
        self._issued.pop(session_id, None)
        self._remove_session(session_id)


def sent_file(key: str, known: str | None = None) -> UploadedFile | None:
    """Return the file in the upload ``key``, also within its callback.

    Args:
        known: the id of a file that was read before, which the server need not hold any more.

    Raises:
        UserError: if the browser shows a file that the server does not hold: it was started
            anew meanwhile, or the file was dropped for others.
    """
    file = st.session_state.get(key)
    if not isinstance(file, DeletedFile):
        return file
    if file.file_id != known:
        raise UserError(tr("The server no longer holds this file. Remove it and choose it again."))
    return None


def drop_uploads() -> None:
    """Drop the files of this session: on another page no widget holds them any more."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is not None:
        context.uploaded_file_mgr.remove_session_files(context.session_id)
