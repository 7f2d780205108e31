import subprocess
import sys
import threading
import time

import pytest

from han_core.runtime.locks import held, inherited, is_held, take


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


def test_only_one_has_it_until_it_is_released(path):
    assert not is_held(path)
    lock = take(path)
    assert lock is not None
    assert is_held(path)
    assert take(path, 0.05) is None
    lock.release()
    lock.release()  # again does nothing
    assert not is_held(path)


def test_a_child_holds_what_it_inherited_until_it_dies(path):
    lock = take(path)
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"],
        stdin=subprocess.PIPE,
        pass_fds=[lock.handle],
    )
    lock.release()
    assert is_held(path)
    child.kill()
    child.wait()
    child.stdin.close()
    assert not is_held(path)


def test_an_inherited_handle_is_the_same_lock(path):
    lock = take(path)
    again = inherited(lock.handle)
    assert is_held(path)
    again.release()
    assert not is_held(path)


def test_those_who_look_do_not_keep_anybody_out(path):
    path.touch()
    over = threading.Event()

    def look():
        while not over.is_set():
            is_held(path)

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    try:
        for _ in range(50):
            lock = take(path)
            assert lock is not None
            lock.release()
    finally:
        over.set()
        for looker in lookers:
            looker.join()


def test_those_who_look_do_not_take_each_other_for_the_holder(path):
    path.touch()
    seen, end = [], time.monotonic() + 0.3

    def look():
        while time.monotonic() < end:
            seen.append(is_held(path))

    lookers = [threading.Thread(target=look) for _ in range(3)]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert not any(seen)


def test_a_block_waits_for_the_one_before(path):
    lock = take(path)
    threading.Timer(0.1, lock.release).start()
    began = time.monotonic()
    with held(path, 5):
        assert time.monotonic() - began >= 0.09
        with pytest.raises(TimeoutError), held(path, 0.02):
            pass
    assert not is_held(path)
