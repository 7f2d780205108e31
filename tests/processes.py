"""What runs below the tests' own process, for tests that end it or count it."""

import psutil


def children(argument: str) -> list[int]:
    """The children in whose command line the argument stands; what ends meanwhile is not there."""
    found = []
    for child in psutil.Process().children():
        try:
            if any(argument in word for word in child.cmdline()):
                found.append(child.pid)
        except psutil.Error:
            continue
    return found
