"""States that were never written out give what they give written out."""

import torch
from torch import nn

from han_core.models.attention import attention_pooling
from han_core.models.recurrent.scan import SharedStates, dense_states

OWNER = torch.tensor([0, 0, 0, 1, 2, 2])


def readings() -> SharedStates:
    torch.manual_seed(4)
    ahead, back = torch.tensor([0, 1, 3, 0, 0, 2]), torch.tensor([2, 1, 0, 0, 3, 0])
    return SharedStates(torch.randn(2, 4, 3), ahead, back)


def test_each_step_has_its_forward_beside_its_backward_state():
    states = readings()
    assert states.dense().tolist()[2] == [*states.tables[0][3], *states.tables[1][0]]
    assert states.dense(torch.tensor([5, 2])).tolist() == [
        states.dense()[5].tolist(),
        states.dense()[2].tolist(),
    ]
    assert len(states) == 6


def test_layers_and_every_attention_form_see_no_difference():
    states, query = readings(), torch.randn(3, 6)
    written = states.dense()
    layer = nn.Linear(6, 5)
    with torch.no_grad():
        torch.testing.assert_close(states.through(layer), layer(written))
        for form in ("additive", "dot", "linear"):
            pooling = attention_pooling(form, 6, 4)
            torch.testing.assert_close(
                pooling(states, OWNER, query), pooling(written, OWNER, query)
            )


def test_repeated_states_stand_one_after_another():
    written = torch.randn(3, 4)
    repeated = SharedStates.repeated(written, 2)
    torch.testing.assert_close(dense_states(repeated), written.repeat(2, 1))
    assert dense_states(written) is written
