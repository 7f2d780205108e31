"""A stored file that changed is refused, whichever bit it was; its checksum is read once."""

import hashlib
import json

import pytest
import torch
from safetensors.torch import save

from han_core.runtime import checksums
from han_core.runtime.atomic_io import read_json
from han_core.runtime.checksums import (
    DamagedFileError,
    checksum_path,
    known_damage,
    verify_checksum,
    verify_sections,
    write_checksum,
    write_with_checksum,
)
from tests.damage import each_flipped, flip

CONTENT = bytes(range(200))


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "numbers.bin"
    write_with_checksum(path, CONTENT)
    return path


def test_the_checksum_file_is_plain_json(stored):
    expected = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "bytes": 200}
    assert json.loads(checksum_path(stored).read_text()) == expected
    assert verify_checksum(stored)
    assert sorted(path.name for path in stored.parent.iterdir()) == [
        "numbers.bin",
        "numbers.bin.sha256",
    ]


def test_any_flipped_bit_is_noticed(stored):
    for _ in each_flipped(stored, 40):
        with pytest.raises(DamagedFileError, match="another SHA-256"):
            verify_checksum(stored)
    assert verify_checksum(stored)


def test_no_flipped_bit_of_the_checksum_file_is_believed(stored):
    checksum = checksum_path(stored)
    for bit in range(8 * checksum.stat().st_size):
        before = json.loads(checksum.read_text())
        flip(checksum, bit)
        with pytest.raises(DamagedFileError):
            verify_checksum(stored)
        flip(checksum, bit)
        assert json.loads(checksum.read_text()) == before


@pytest.mark.parametrize("content", [b"", CONTENT[:-1], CONTENT + b"\0"])
def test_a_truncated_or_longer_file_is_named_with_both_sizes(stored, content):
    stored.write_bytes(content)
    with pytest.raises(DamagedFileError, match=f"200 bytes were written, {len(content)} are there"):
        verify_checksum(stored, "write it again")


def test_the_sentence_ends_with_what_to_do(stored):
    flip(stored, 0)
    with pytest.raises(DamagedFileError, match=r"^numbers.bin in .*; write it again\.$"):
        verify_checksum(stored, "write it again")


def test_files_without_a_checksum_are_told_apart_from_missing_files(tmp_path):
    (tmp_path / "old").write_bytes(CONTENT)
    assert not verify_checksum(tmp_path / "old")
    with pytest.raises(FileNotFoundError):
        verify_checksum(tmp_path / "none")


@pytest.mark.parametrize("content", [b"{", b"[]", b"3", b"{}", b'{"bytes": 200}', b"\xff"])
def test_a_checksum_file_of_anything_else_is_damage(stored, content):
    checksum_path(stored).write_bytes(content)
    with pytest.raises(DamagedFileError):
        verify_checksum(stored)


def test_a_file_is_read_once_until_it_changes(stored, monkeypatch):
    reads = []
    monkeypatch.setattr(
        checksums, "read_json", lambda *given: reads.append(given) or read_json(*given)
    )
    for _ in range(3):
        verify_checksum(stored)
    assert len(reads) == 1
    write_with_checksum(stored, CONTENT[::-1])
    verify_checksum(stored)
    assert len(reads) == 2


def test_tensors_are_listed_with_type_and_shape(tmp_path):
    path = tmp_path / "weights.safetensors"
    path.write_bytes(save({"a": torch.zeros(2, 3), "b": torch.zeros(4, dtype=torch.int64)}))
    write_checksum(path)
    stored = json.loads(checksum_path(path).read_text())
    assert stored["tensors"] == {"a": ["F32", [2, 3]], "b": ["I64", [4]]}
    assert verify_checksum(path)


def test_weights_of_another_type_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    write_with_checksum(path, save({"a": torch.ones(2)}))
    path.write_bytes(path.read_bytes().replace(b'"F32"', b'"I32"'))
    with pytest.raises(DamagedFileError):
        verify_checksum(path)


SECTIONS = {"first": [(2, 40), (50, 60)], "second": [(40, 50)], "empty": []}


@pytest.fixture
def in_sections(tmp_path):
    path = tmp_path / "table.bin"
    write_with_checksum(path, CONTENT, SECTIONS)
    return path


def test_each_section_has_a_digest_and_so_has_what_lies_between(in_sections):
    described = json.loads(checksum_path(in_sections).read_text())["sections"]
    pieces = {
        "first": CONTENT[2:40] + CONTENT[50:60],
        "second": CONTENT[40:50],
        "empty": b"",
        "": CONTENT[:2] + CONTENT[60:],
    }
    for name, piece in pieces.items():
        assert described[name]["sha256"] == hashlib.sha256(piece).hexdigest()
    assert verify_sections(in_sections, SECTIONS)
    assert verify_checksum(in_sections)


@pytest.mark.parametrize(
    ("byte", "section"), [(1, None), (2, "first"), (45, "second"), (199, None)]
)
def test_a_flipped_bit_damages_its_own_section_or_every_one(in_sections, byte, section):
    flip(in_sections, 8 * byte + 3)
    for name in SECTIONS:
        if section in (None, name):
            with pytest.raises(DamagedFileError, match="another SHA-256"):
                verify_sections(in_sections, [name])
        else:
            assert verify_sections(in_sections, [name])
    with pytest.raises(DamagedFileError):
        verify_checksum(in_sections)


def test_damage_is_remembered_until_the_file_is_replaced(in_sections):
    flip(in_sections, 8 * 45)
    assert known_damage(in_sections.parent) == []
    with pytest.raises(DamagedFileError):
        verify_sections(in_sections, ["second"])
    assert known_damage(in_sections.parent) == [in_sections]
    write_with_checksum(in_sections, CONTENT, SECTIONS)
    assert known_damage(in_sections.parent) == []


def test_no_flipped_bit_of_the_description_of_sections_is_believed(in_sections):
    for _ in each_flipped(checksum_path(in_sections), 300):
        with pytest.raises(DamagedFileError):
            verify_checksum(in_sections)
        with pytest.raises(DamagedFileError):
            verify_sections(in_sections, SECTIONS)


def test_a_section_that_was_not_written_is_damage_and_no_sections_are_the_whole_file(
    in_sections, stored
):
    with pytest.raises(DamagedFileError):
        verify_sections(in_sections, ["third"])
    assert verify_sections(stored, ["third"])
    flip(stored, 7)
    with pytest.raises(DamagedFileError):
        verify_sections(stored, [])
