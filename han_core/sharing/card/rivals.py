"""Figures of other models on the same test documents, from a file.

A JSON object a line: ``name``, ``accuracy`` and ``n``, and where they are known ``macro_f1``
and ``p``, McNemar's p-value against the checkpoint. What ``python -m benchmarks.baselines``
prints is such a file too: a bag of words is called ``baseline`` there, and the line of a
``checkpoint`` holds the p-values of all of them. Other keys are passed over.
"""

import json

from pydantic import ValidationError

from han_core.sharing.card.content import Rival
from han_core.wrong_input import WrongInput

MOST = 50
EXPECTED = "A JSON object with name, accuracy and n is expected on each line"


def read_rivals(data: bytes, checkpoint: str, documents: int) -> tuple[Rival, ...]:
    """The models of a file, the best first.

    Args:
        checkpoint: whose p-values are taken from lines of checkpoints.
        documents: that it was tested on itself; 0 where that is not known.

    Raises:
        WrongInput: names the first line that is no such object or speaks of another number
            of documents, or says that there is none.
    """
    lines = _lines(data)
    tests = _p_values(lines, checkpoint)
    found = [_rival(number, given, tests) for number, given in lines if "checkpoint" not in given]
    if not 1 <= len(found) <= MOST:
        raise WrongInput(f"One to {MOST} models are expected, a line each; {len(found)} came.")
    for rival in found:
        if documents and rival.n != documents:
            raise WrongInput(
                f"{checkpoint} was tested on {documents:,} documents and {rival.name} on "
                f"{rival.n:,}; the same documents are expected."
            )
    return tuple(sorted(found, key=lambda rival: (-rival.accuracy, rival.name)))


def _lines(data: bytes) -> list[tuple[int, dict]]:
    """(number, object) of each line that is not blank."""
    found = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict):
            raise WrongInput(f"{EXPECTED}; line {number} is none.")
        found.append((number, given))
    return found


def _p_values(lines: list[tuple[int, dict]], checkpoint: str) -> dict[str, object]:
    """Name of a bag of words → McNemar's p-value of the checkpoint against it."""
    found: dict[str, object] = {}
    for _, given in lines:
        against = given.get("against")
        if given.get("checkpoint") == checkpoint and isinstance(against, dict):
            tests = [(name, test) for name, test in against.items() if isinstance(test, dict)]
            found |= {name: test.get("p") for name, test in tests}
    return found


def _rival(number: int, given: dict, tests: dict[str, object]) -> Rival:
    """One line, in either of the two forms."""
    name, accuracy = given.get("name", given.get("baseline")), given.get("accuracy")
    try:
        return Rival.model_validate(
            {
                "name": name,
                "accuracy": accuracy.get("mean") if isinstance(accuracy, dict) else accuracy,
                "n": given.get("n"),
                "macro_f1": given.get("macro_f1"),
                "p": given.get("p", tests.get(name) if isinstance(name, str) else None),
            }
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise WrongInput(
            f"{EXPECTED}; line {number} does not fit: {first['loc'][0]}: {first['msg']}."
        ) from error
