"""What is kept on disk has limits, which are said before anything is written."""

import pytest

from han_core.runtime.errors import UserError, file_size
from han_core.runtime.quotas import CHECKPOINTS, QUOTAS, RUNS, check_quota_at, folder_size


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("HANSCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HANSCOPE_CHECKPOINTS", str(tmp_path / "checkpoints"))
    for quota in QUOTAS:
        monkeypatch.delenv(quota.variable, raising=False)
    return tmp_path


@pytest.fixture
def used(root):
    """Runs of 3,000 bytes."""
    for name, size in (("a/checkpoint/model", 2_000), ("b/events.jsonl", 1_000)):
        path = root / "data" / "runs" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes(size))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", 20 * 2**30), ("2048", 2_048), ("500M", 500 * 2**20), ("1.5 GiB", 3 * 2**29),
        ("2tb", 2 * 2**40), ("10k", 10_240), ("0", 0),
    ],
)  # fmt: skip
def test_a_limit_is_a_number_of_bytes_or_a_size(monkeypatch, value, expected):
    monkeypatch.setenv(RUNS.variable, value)
    assert RUNS.limit() == expected


@pytest.mark.parametrize("value", ["much", "-1", "1e9", "G", "20 G G", "٣", "1" * 16])
def test_any_other_limit_is_one_sentence(monkeypatch, value):
    monkeypatch.setenv(RUNS.variable, value)
    with pytest.raises(UserError, match="HANSCOPE_RUNS_LIMIT is a number of bytes or a size"):
        RUNS.check()


def test_what_is_used_is_the_sum_of_all_files(root, used):
    assert RUNS.used() == folder_size(root / "data" / "runs") == 3_000
    assert CHECKPOINTS.used() == folder_size(root / "none") == 0


@pytest.mark.parametrize(
    ("limit", "coming", "refused"),
    [(3_001, 0, False), (3_000, 0, True), (4_000, 1_000, False), (4_000, 1_001, True)],
)
def test_what_goes_beyond_the_limit_is_refused(monkeypatch, used, limit, coming, refused):
    monkeypatch.setenv(RUNS.variable, str(limit))
    if refused:
        sentence = rf"The runs take 2\.9 KiB of the .* allowed .*; {RUNS.remedy}\.$"
        with pytest.raises(UserError, match=sentence):
            RUNS.check(coming)
    else:
        RUNS.check(coming)


def test_a_path_is_checked_against_the_folder_that_it_lies_in(root, monkeypatch, used):
    monkeypatch.setenv(RUNS.variable, "1k")
    monkeypatch.setenv(CHECKPOINTS.variable, "0")
    check_quota_at(root / "elsewhere" / "mine")
    with pytest.raises(UserError, match="The runs take"):
        check_quota_at(root / "data" / "runs" / "c" / "checkpoint")
    with pytest.raises(UserError, match="The checkpoints take 0 bytes"):
        check_quota_at(root / "checkpoints" / "mine")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 bytes"), (1, "1 byte"), (1_023, "1,023 bytes"), (1_024, "1 KiB"),
        (66_270_003, "63.2 MiB"), (2**30, "1 GiB"), (3 * 2**40, "3,072 GiB"),
    ],
)  # fmt: skip
def test_sizes_of_files(number, expected):
    assert file_size(number) == expected
