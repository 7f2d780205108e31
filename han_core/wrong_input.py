"""The one exception for input that cannot be used.

Its message is a single sentence for the person who gave the input: what was
expected and what came. The command line prints it and ends with status 2; a
page shows it and stays usable. It knows nothing about where it is shown.
"""


class WrongInput(ValueError):
    """Input that cannot be used; ``str(error)`` is one clear sentence."""
