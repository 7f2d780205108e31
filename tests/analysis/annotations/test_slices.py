import pytest

from han_core.analysis.slices import delete_slice, save_slice, saved_slices
from han_core.runtime.errors import UserError

DATA, OTHER = "d" * 64, "e" * 64


def test_slices_belong_to_a_data_set(database):
    saved = save_slice(database, DATA, " Long  ones ", '{"tokens": {"low": 100}}', "Anna")
    save_slice(database, OTHER, "long ones", "{}", "Ben")
    assert saved_slices(database, DATA) == (saved,)
    assert (saved.name, saved.filter, saved.analyst) == (
        "Long ones", '{"tokens": {"low": 100}}', "Anna",
    )  # fmt: skip


def test_a_name_stands_once_unless_it_is_replaced(database):
    save_slice(database, DATA, "Long", "{}", "Anna")
    with pytest.raises(UserError, match='"Long" is saved already'):
        save_slice(database, DATA, "LONG", '{"suspect": true}', "Ben")
    assert [one.filter for one in saved_slices(database, DATA)] == ["{}"]
    save_slice(database, DATA, "LONG", '{"suspect": true}', "Ben", replace=True)
    assert [(one.name, one.analyst) for one in saved_slices(database, DATA)] == [("LONG", "Ben")]


def test_a_slice_goes(database):
    save_slice(database, DATA, "Long", "{}", "Anna")
    delete_slice(database, OTHER, "Long", "Anna")
    assert len(saved_slices(database, DATA)) == 1
    delete_slice(database, DATA, "long", "Anna")
    delete_slice(database, DATA, "long", "Anna")
    assert saved_slices(database, DATA) == ()


def test_a_filter_that_is_too_long_is_refused(notes):
    with pytest.raises(UserError, match="too many conditions"):
        save_slice(notes, DATA, "Long", "x" * 200_001, "Anna")
    with pytest.raises(UserError, match="slice's name"):
        save_slice(notes, DATA, "", "{}", "Anna")
