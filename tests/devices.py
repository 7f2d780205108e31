"""The devices of this machine, for tests that run on each of them."""

import pytest

from han_core.runtime.devices import available_devices, choose_device

FIRST_OF_EACH_KIND = {name.split(":")[0]: name for name in reversed(available_devices())}
DEVICES = [choose_device(name) for name in FIRST_OF_EACH_KIND.values()]
"""The CPU, and the first GPU of each kind; float32 is computed as float32 on all of them."""

on_each_device = pytest.mark.parametrize(
    "device", [pytest.param(device, marks=pytest.mark.device, id=device.type) for device in DEVICES]
)
