"""The quick sums against torch's own."""

import pytest
import torch
from torch.nn.functional import linear

from han_core.models.recurrent.scan import FEWEST, product, tanh_


def test_tanh_is_tanh():
    x = torch.cat((torch.linspace(-30, 30, 20_001), torch.tensor([0.0, 1e-8, torch.inf])))
    assert (tanh_(x.clone()) - torch.tanh(x)).abs().max() < 3e-7
    exact = x.double()
    torch.testing.assert_close(tanh_(exact.clone()), torch.tanh(exact), rtol=0, atol=1e-15)


@pytest.mark.parametrize("rows", [1, FEWEST, 3 * FEWEST])
@pytest.mark.parametrize("biased", [True, False])
def test_a_product_is_a_linear_layer(rows, biased):
    torch.manual_seed(rows)
    x, weight = torch.randn(rows, 13), torch.randn(7, 13)
    bias = torch.randn(7) if biased else None
    expected = linear(x.double(), weight.double(), None if bias is None else bias.double())
    with torch.no_grad():
        found = product(x, weight, bias)
        columns = product(x.t().contiguous().t(), weight.t().contiguous().t(), bias)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(columns.double(), expected, rtol=1e-5, atol=1e-5)


def test_a_product_has_a_gradient_and_other_precisions():
    x, weight = torch.randn(FEWEST, 4, requires_grad=True), torch.randn(3, 4)
    product(x, weight).sum().backward()
    torch.testing.assert_close(x.grad, weight.sum(0).expand(FEWEST, 4))
    with torch.no_grad():
        exact = product(x.double(), weight.double())
    torch.testing.assert_close(exact, x.detach().double() @ weight.double().t())
