"""A process beside this one that asks models about variants.

Who draws pages for many has one interpreter, which the small steps of a model would hold for
most of the time. What passes between the two processes is JSON, weights as safetensors, and
arrays as bytes. It does not know why a variant is asked about.
"""

import json
import os
import subprocess
import sys
from collections import OrderedDict
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Lock, Thread

import numpy as np
import torch
from safetensors.torch import load, save

from han_core.evidence.variants import answers
from han_core.models.architecture import Architecture
from han_core.models.checkpoint import Checkpoint, blank_model
from han_core.models.classifier import AttentionClassifier
from han_core.places import PROJECT

MODELS = 6
"""That the process keeps; the one not asked for longest goes first."""

DEATHS = 2
"""Deaths in a row after which no process is begun again."""


class Beside:
    """``Beside().answers``: as ``variants.answers``, from any thread, one question at a time.

    The process has one thread, and ends when this object or its own process does.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._models: OrderedDict[int, Checkpoint] = OrderedDict()
        self._line: Connection | None = None
        self._deaths = 0

    def answers(
        self, checkpoint: Checkpoint, words: np.ndarray, sentence_lengths: np.ndarray
    ) -> np.ndarray:
        """(variants, classes) probabilities, float64.

        Where the process has died (for want of memory, say) the question is answered here, and
        the next one begins another.
        """
        with self._lock:
            try:
                return self._asked(checkpoint, words, sentence_lengths)
            except (EOFError, OSError):
                self._bury()
        return answers(checkpoint.model, words, sentence_lengths)

    def _asked(self, checkpoint: Checkpoint, words: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        line = self._line or self._begin()
        self._tell(line, checkpoint)
        asked = {"model": id(checkpoint), "variants": len(words), "sentences": len(lengths)}
        line.send_bytes(json.dumps(asked).encode())
        line.send_bytes(words.astype(np.int64).tobytes() + lengths.astype(np.int64).tobytes())
        found = np.frombuffer(line.recv_bytes()).reshape(len(words), -1)
        self._deaths = 0
        return found

    def _begin(self) -> Connection:
        if self._deaths >= DEATHS:
            raise OSError("no process")
        self._line, far = Pipe()
        with far:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(far.fileno())],
                cwd=PROJECT,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                pass_fds=[far.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the parent, whose end it sees
            )
        # Somebody has to take note of its end, or the system keeps its entry while we live.
        Thread(target=process.wait, daemon=True).start()
        return self._line

    def _tell(self, line: Connection, checkpoint: Checkpoint) -> None:
        """Sends a model that is not there yet."""
        number = id(checkpoint)
        if number not in self._models:
            gone = list(self._models)[: len(self._models) + 1 - MODELS]
            for old in gone:
                del self._models[old]
            architecture = checkpoint.config.architecture.model_dump()
            told = {"new": number, "gone": gone, "architecture": architecture}
            line.send_bytes(json.dumps(told).encode())
            weights = checkpoint.model.state_dict()
            line.send_bytes(save({name: tensor.contiguous() for name, tensor in weights.items()}))
            self._models[number] = checkpoint  # held, so that nothing else gets its number
        self._models.move_to_end(number)

    def _bury(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line, self._deaths = None, self._deaths + 1
        self._models.clear()


def serve(line: Connection) -> None:
    """The process's whole life."""
    torch.set_num_threads(1)
    models: dict[int, AttentionClassifier] = {}
    with suppress(EOFError, OSError):  # nobody asks any more
        while True:
            asked = json.loads(line.recv_bytes())
            content = line.recv_bytes()
            if "new" in asked:
                for number in asked["gone"]:
                    del models[number]
                models[asked["new"]] = _model(asked["architecture"], content)
            else:
                numbers = np.frombuffer(content, np.int64)
                words, lengths = np.split(numbers, [len(numbers) - asked["sentences"]])
                words = words.reshape(asked["variants"], -1)
                line.send_bytes(answers(models[asked["model"]], words, lengths).tobytes())


def _model(architecture: dict, weights: bytes) -> AttentionClassifier:
    model = blank_model(Architecture.model_validate(architecture))
    model.load_state_dict(load(weights), assign=True)
    return model.eval().requires_grad_(True)


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
