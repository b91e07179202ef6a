"""Fitting end to end, on a small made-up data set."""

import runpy
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.matching.__main__ import app
from benchmarks.matching.choices import Part, run
from benchmarks.matching.drive import tenants_of
from benchmarks.matching.fitting import parts, training
from benchmarks.matching.generate import generate
from payymo_api.reconciliation.rules.weights import WEIGHTS


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    generate(folder, seed=5, tenants=3, lines=400)
    return folder


def _fit(data: Path, out: Path, *options: str) -> str:
    asked = ["fit", "--data", str(data), "--out", str(out), *options]
    done = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return out.read_text()


def test_the_same_data_give_the_same_file(data: Path, tmp_path: Path) -> None:
    first = _fit(data, tmp_path / "first.py")
    assert _fit(data, tmp_path / "second.py") == first
    assert "--penalty 0.03 --tenants all" in first


def test_fitted_weights_decide_what_no_weights_leave_to_users(data: Path, tmp_path: Path) -> None:
    _fit(data, tmp_path / "weights.py", "--tenants", "train")
    weights = runpy.run_path(str(tmp_path / "weights.py"))["WEIGHTS"]
    assert weights["ref:WHOLE"] > weights["ref:NONE"]
    unseen = parts(data, 3)[:1]
    posted = {
        name: [said for _, said in run(unseen, each).answers if said["decision"] == "auto"]
        for name, each in (("fitted", weights), ("none", {}))
    }
    assert len(posted["fitted"]) > len(posted["none"])


def test_choices_do_not_depend_on_how_tenants_share_processes(data: Path) -> None:
    every = tenants_of(data)
    together = run([Part(data, tuple(every))], WEIGHTS)
    apart = run([Part(data, (each,)) for each in every], WEIGHTS)
    assert together.choices == apart.choices
    assert together.unseen == apart.unseen
    assert len(together.answers) == len(apart.answers)


def test_divides_by_the_number_of_the_tenant(data: Path) -> None:
    every = tenants_of(data)
    divided = [part.tenants for part in parts(data, 2)]
    assert divided == [(every[0], every[2]), (every[1],)]
    assert [part.tenants for part in training(data, "train")] == [(every[1],), (every[2],)]
