"""What tests of training share."""

import pytest


@pytest.fixture(scope="session")
def few(planted_corpora):
    """Fifty documents for ``make_request``, so that an epoch is a few steps."""
    training, validation, _ = planted_corpora
    return {"training": training.first(40), "validation": validation.first(10), "test": None}
