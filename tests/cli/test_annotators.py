"""The command ``annotators``: who has annotated, and names that are opened again."""

from han_core.analysis.annotations.database import open_database
from han_core.analysis.annotations.passphrases import protected_names, set_passphrase
from han_core.analysis.annotations.writing import set_read


def test_annotators_are_listed_and_a_passphrase_is_reset(tmp_path, monkeypatch, run_command):
    monkeypatch.setenv("HANSCOPE_NOTES", f"sqlite:///{tmp_path / 'notes.sqlite'}")
    notes = open_database()
    for content in ("a" * 32, "b" * 32):
        set_read(notes, content, "Anna", True)
    for name in ("ANNA", "Cem"):
        set_passphrase(notes, name, "some words")
    status, lines, _ = run_command("annotators")
    assert (status, lines) == (0, [
        {"name": "ANNA", "documents": 0, "protected": True},
        {"name": "Anna", "documents": 2, "protected": True},
        {"name": "Cem", "documents": 0, "protected": True},
    ])  # fmt: skip
    status, lines, (message,) = run_command("annotators", "--reset-passphrase", "anna")
    assert (status, [line["protected"] for line in lines]) == (0, [False, True])
    assert "anna has no passphrase now" in message
    assert list(protected_names(notes)) == ["cem"]
    status, lines, (message,) = run_command("annotators", "--reset-passphrase", "anna")
    assert (status, lines) == (2, [])
    assert '"anna" has none' in message
