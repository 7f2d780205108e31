"""Passphrases of annotators' names: set, checked, changed, removed and reset."""

import hashlib

import pytest
import sqlalchemy as sa

from han_core.analysis.annotations.passphrases import (
    check_passphrase,
    protected_names,
    remove_passphrase,
    reset_passphrase,
    set_passphrase,
)
from han_core.analysis.annotations.schema import HISTORY
from han_core.runtime.errors import UserError


def test_a_passphrase_opens_its_name_in_any_case_and_no_other_one_does(database):
    stored = set_passphrase(database, "Änne  K", "correct horse")
    assert check_passphrase(database, "ÄNNE K", "correct horse") == stored
    with pytest.raises(UserError, match=r"not the passphrase of Änne K.*Nothing was changed"):
        check_passphrase(database, "Änne K", "correct horsf")
    with pytest.raises(UserError, match="Ben has no passphrase"):
        check_passphrase(database, "Ben", "correct horse")


def test_the_database_holds_a_salted_scrypt_hash_and_no_passphrase(database):
    one, other = (set_passphrase(database, name, "correct horse") for name in ("Anna", "Ben"))
    assert one != other
    salt, key = (bytes.fromhex(part) for part in one.split("$"))
    assert key == hashlib.scrypt(b"correct horse", salt=salt, n=16_384, r=8, p=5, maxmem=2**26)
    with database.reading() as connection:
        rows = connection.execute(sa.text("SELECT * FROM hanscope_passphrase")).all()
        lines = connection.execute(sa.select(HISTORY)).all()
    assert "correct horse" not in repr((rows, lines))
    assert [line.what for line in lines] == ["set a passphrase"] * 2


def test_composed_and_decomposed_letters_are_the_same(notes):
    stored = set_passphrase(notes, "Anna", "caf\u00e9 au lait")
    assert check_passphrase(notes, "Anna", "cafe\u0301 au lait") == stored


@pytest.mark.parametrize("passphrase", ["short", "x" * 201])
def test_too_short_or_too_long_a_passphrase_changes_nothing(notes, passphrase):
    with pytest.raises(UserError, match="6 to 200 characters"):
        set_passphrase(notes, "Anna", passphrase)
    assert protected_names(notes) == {}


def test_only_who_gave_the_passphrase_changes_or_removes_it(database):
    first = set_passphrase(database, "Anna", "first words")
    for present in (None, "00$00"):
        with pytest.raises(UserError, match="changed in the meantime"):
            set_passphrase(database, "anna", "other words", present)
    second = set_passphrase(database, "Anna", "second words", first)
    with pytest.raises(UserError, match="changed in the meantime"):
        remove_passphrase(database, "Anna", first)
    assert protected_names(database)["anna"] == ("Anna", second)
    remove_passphrase(database, "Anna", second)
    assert protected_names(database) == {}


def test_who_runs_the_server_resets_without_the_passphrase(database):
    set_passphrase(database, "Anna", "forgotten words")
    reset_passphrase(database, " anna ")
    assert protected_names(database) == {}
    set_passphrase(database, "Anna", "new words")
    with pytest.raises(UserError, match='"Ben" has none'):
        reset_passphrase(database, "Ben")
