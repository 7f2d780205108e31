"""The systems that there are beside the text classifiers, by name.

A new system is a file that declares a ``System``, and one line here.
"""

from han_core.models.han_image import HAN_IMAGE
from han_core.models.series import SERIES
from han_core.models.system_folder import System
from han_core.models.translator import TRANSLATOR
from han_core.runtime.errors import UserError, shown
from han_core.runtime.messages import tr

SYSTEMS: dict[str, System] = {system.name: system for system in (SERIES, TRANSLATOR, HAN_IMAGE)}


def find_system(name: str) -> System:
    """Return the system called ``name``.

    Raises:
        UserError: names the systems that there are.
    """
    if name not in SYSTEMS:
        raise UserError(
            tr('The systems are {join}; "{name}" came.', join=", ".join(SYSTEMS), name=shown(name))
        )
    return SYSTEMS[name]
