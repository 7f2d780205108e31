"""Integrated gradients by captum, the only use of that library.

The path leads from zero vectors, which are no text, to the words' own. That is the
usual choice for word vectors, and another baseline gives other numbers. captum is
imported when it is first asked for: it takes seconds and brings matplotlib.
"""

import numpy as np
import torch
from torch import Tensor

from han_core.evidence.subject import Progress, Subject
from han_core.explanation.explain import threads_for
from han_core.wrong_input import WrongInput

STEPS = 50
"""Points on the path, at the nodes of Gauss and Legendre."""

PATH_TOKENS = 10_000
"""Tokens in one pass there and back."""


def integrated_gradients(
    subject: Subject, target: int, progress: Progress | None = None
) -> tuple[np.ndarray, float]:
    """Integrated gradients of p(target) for each word (Sundararajan et al. 2017, equation 3).

    Returns:
        (tokens,) values, and the completeness gap: their sum less p(words) − p(zero vectors).

    Raises:
        WrongInput: if captum is not installed.
    """
    try:
        from captum.attr import IntegratedGradients
    except ImportError as error:
        raise WrongInput(
            "Integrated gradients take the library captum, which is not installed; "
            "pip install captum==0.9.0 brings it."
        ) from error
    done = 0

    def chances(vectors: Tensor) -> Tensor:
        nonlocal done
        answer = subject.probability_of(vectors, target)
        done += len(vectors)
        if progress is not None:
            progress(done, STEPS + 2)  # and the path's two ends
        return answer

    vectors = subject.vectors.unsqueeze(0)
    copies = min(STEPS, max(1, PATH_TOKENS // subject.tokens))
    with torch.enable_grad(), threads_for(subject.tokens):
        values, gap = IntegratedGradients(chances).attribute(
            vectors,
            torch.zeros_like(vectors),
            n_steps=STEPS,
            internal_batch_size=copies,
            return_convergence_delta=True,
        )
    return values[0].detach().cpu().double().sum(1).numpy(), float(gap)
