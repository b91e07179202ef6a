"""Fits the engine's weights (`rules/weights.py`) to data sets whose truth is known.

What there is to choose from depends on what was posted before, so on the weights: they are fitted
in two rounds. In the first there are none yet, nothing is posted, and users settle everything. So
the same data give the same file, whatever weights the engine has today.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from typing_extensions import override

from benchmarks.matching.choices import Part, Run, Weights, run
from benchmarks.matching.drive import tenants_of
from benchmarks.matching.logit import RARE, choices_in, fit

PENALTY = 0.03
ROUNDS = 2
_DECIMALS = 3
_SLIGHT = 0.02
_THIRDS = 3
Tenants = Literal["all", "train"]
"""All, or two of three: the others tell how good the weights are."""
_WORDS: Mapping[Tenants, str] = {"all": "all tenants", "train": "two of three tenants"}


@dataclass(frozen=True, slots=True)
class Round:
    """A replay, and the weights that it taught."""

    run: Run
    weights: Weights
    likelihood: float

    @override
    def __str__(self) -> str:
        return (
            f"{len(self.run.answers)} lines, {choices_in(self.run.choices)} choices, "
            f"{self.run.unseen} without their right answer; "
            f"{len(self.weights)} weights, log-likelihood {self.likelihood:.5f} a choice"
        )


def rounds(parts: Sequence[Part], penalty: float) -> Iterator[Round]:
    """Replay and fit; the last round's weights count."""
    weights: Weights = {}
    for _ in range(ROUNDS):
        replayed = run(parts, weights)
        found = fit(replayed.choices, penalty)
        weights = _rounded(found.weights)
        yield Round(replayed, weights, found.likelihood)


def _rounded(weights: Mapping[str, float]) -> Weights:
    return {
        name: round(weight, _DECIMALS)
        for name, weight in sorted(weights.items())
        if abs(weight) >= _SLIGHT
    }


def training(folder: Path, tenants: Tenants) -> list[Part]:
    """Return a data set's tenants to fit to."""
    return parts(folder, 1) if tenants == "all" else parts(folder, _THIRDS)[1:]


def parts(folder: Path, folds: int) -> list[Part]:
    """Divide a data set by tenant: by the number at the end of its id."""
    divided: list[list[str]] = [[] for _ in range(folds)]
    for tenant in tenants_of(folder):
        divided[_number(tenant) % folds].append(tenant)
    return [Part(folder, tuple(each)) for each in divided]


def _number(tenant: str) -> int:
    found = re.search(r"\d+$", tenant)
    if found is None:
        raise ValueError(f"{tenant}: no number at its end to divide tenants by")
    return int(found[0])


def module(weights: Weights, penalty: float, tenants: Tenants) -> str:
    """Return `rules/weights.py`."""
    lines = "".join(f"    {json.dumps(name)}: {weight},\n" for name, weight in weights.items())
    return f'''"""The log-odds of each piece of evidence: written by a program, not by hand.

Made by `python -m benchmarks.matching fit --penalty {penalty:g} --tenants {tenants}`: a conditional
logit model, fitted to {_WORDS[tenants]} of the data sets. Left out is what
fewer than {RARE} alternatives have, and what weighs less than {_SLIGHT:g}.
"""

WEIGHTS: dict[str, float] = {{
{lines}}}
'''
