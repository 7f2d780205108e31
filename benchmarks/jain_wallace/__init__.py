"""The set-up of Jain and Wallace 2019 on IMDB, trained and measured anew.

"Attention is not Explanation" (https://aclanthology.org/N19-1357) asks whether the attention
of a BiLSTM agrees with the gradient and with leave-one-out, and how different it could be with
the answer unchanged. A document travels

    reading → vectors → training → measuring (with the adversary) → table

and ``python -m benchmarks.jain_wallace`` runs all of it.
"""
