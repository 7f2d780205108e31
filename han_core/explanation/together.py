"""Documents that many people ask about at once, explained in common passes.

Whoever comes while a pass is running waits for its end, and the next pass takes all who wait.
Each gets the same numbers as alone (within 1e-5). There is no thread of its own: one of those
who wait does the work for all. It knows nothing about sessions.
"""

from dataclasses import dataclass
from threading import Lock

from han_core.explanation.explain import THREADED, explain_document, explain_documents
from han_core.explanation.explanation import Explanation
from han_core.models.checkpoint import Checkpoint
from han_core.text.document import Document


@dataclass
class _Asked:
    document: Document
    answer: Explanation | None = None
    error: Exception | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None or self.error is not None


class Together:
    """``Together(checkpoint)(document)``: as ``explain_document``, from any thread.

    Args:
        budget: tokens in a common pass, few enough that whoever comes next waits for some
            hundredths of a second. A longer document goes alone, after other long ones, and
            nobody else waits for it.
    """

    def __init__(self, checkpoint: Checkpoint, budget: int = THREADED):
        self.checkpoint = checkpoint
        self.budget = budget
        self.passes = 0  # made so far, for tests and benchmarks
        self._waiting: list[_Asked] = []
        self._list, self._pass, self._long = Lock(), Lock(), Lock()

    def __call__(self, document: Document) -> Explanation:
        """The document's explanation.

        Raises:
            WrongInput: as ``explain_document``, and only for the document that is wrong.
        """
        if len(document.tokens) > self.budget:
            with self._long:
                return explain_document(self.checkpoint, document)
        asked = _Asked(document)
        with self._list:
            self._waiting.append(asked)
        while not asked.done:
            with self._pass:
                if not asked.done:
                    self._answer(self._taken())
        if asked.answer is None:
            assert asked.error is not None
            raise asked.error
        return asked.answer

    def _taken(self) -> list[_Asked]:
        """The first who wait, as many as fit; they wait no more."""
        with self._list:
            count = total = 0
            for asked in self._waiting:
                total += len(asked.document.tokens)
                if count and total > self.budget:
                    break
                count += 1
            taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def _answer(self, taken: list[_Asked]) -> None:
        self.passes += 1
        try:
            documents = [asked.document for asked in taken]
            answers = explain_documents(self.checkpoint, documents, ["1"] * len(taken))
            for asked, answer in zip(taken, answers, strict=True):
                asked.answer = answer
        except Exception as error:  # of one document, or of the pass: nobody may be left waiting
            if len(taken) == 1:
                taken[0].error = error
            for asked in taken if len(taken) > 1 else ():
                asked.answer = None
                self._answer([asked])
