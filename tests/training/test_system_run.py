"""What all systems' runs share: assignments, and the digest that says whether a run goes on."""

import numpy as np
import pytest

from han_core.runtime.errors import UserError
from han_core.training.loop import LoopSettings
from han_core.training.system_run import fingerprint, sort_assignments


def test_assignments_go_to_the_first_owner_of_the_key():
    owners = {"loop": ["epochs", "seed"], "sizes": {"hidden", "seed"}}
    values = sort_assignments(["epochs=3", "hidden=a=b", "seed=1"], owners)
    assert values == {"loop": {"epochs": "3", "seed": "1"}, "sizes": {"hidden": "a=b"}}


@pytest.mark.parametrize("pair", ["depth=3", "epochs", "=3"])
def test_an_assignment_to_nothing_is_one_sentence(pair):
    with pytest.raises(UserError, match="keys epochs, hidden;"):
        sort_assignments([pair], {"loop": ["epochs"], "sizes": ["hidden"]})


def test_a_fingerprint_changes_with_whatever_the_weights_depend_on():
    values = np.arange(4, dtype=np.float32)
    same = fingerprint(LoopSettings(), [1], arrays=(values,))
    assert same == fingerprint(LoopSettings(save_seconds=1), [1], arrays=(values.copy(),))
    others = {
        fingerprint(LoopSettings(seed=1), [1], arrays=(values,)),
        fingerprint(LoopSettings(), [2], arrays=(values,)),
        fingerprint(LoopSettings(), [1], arrays=(values + 1,)),
        fingerprint(LoopSettings(), [1]),
    }
    assert same not in others
    assert len(others) == 4
