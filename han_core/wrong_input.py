"""The one exception for input that cannot be used.

Its message is a single sentence for the person who gave the input: what was
expected and what came. The command line prints it and ends with status 2; a
page shows it and stays usable. It knows nothing about where it is shown.
"""

LONGEST = 400  # characters; what came may be anything, and the sentence quotes it


class WrongInput(ValueError):
    """Input that cannot be used; ``str(error)`` is one line, with its middle left out if long."""

    def __init__(self, sentence: str):
        line = " ".join(sentence.split())
        if len(line) > LONGEST:
            line = f"{line[: LONGEST // 2]} … {line[-LONGEST // 2 :]}"
        super().__init__(line)
