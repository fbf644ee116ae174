"""What is kept of the samples is what a fresh inspection says, and is used only where it is asked for."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sftviz
from sftviz import assets, stored
from sftviz.assets import cache
from sftviz.chat.samples import SAMPLES
from sftviz.inspection import Inspection
from sftviz.supervision.policies import POLICIES
from tests.conftest import USERS_CACHE
from tests.sources import ROOT

MODELS = ("sftviz/tiny-sft", assets.SMOLLM2)
REBUILD = "`make samples` writes it anew"
each_sample = pytest.mark.parametrize("sample", SAMPLES)


@each_sample
@pytest.mark.parametrize("model", MODELS)
def test_what_is_kept_is_a_fresh_inspection(sample: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if model == assets.SMOLLM2:
        monkeypatch.setenv(cache.VARIABLE, str(USERS_CACHE))
    text = SAMPLES[sample].text
    kept, fresh = stored.inspect(text, model=model), sftviz.inspect(text, model=model)
    assert isinstance(kept, stored.Stored), REBUILD
    assert kept.findings == fresh.findings
    assert kept.unseen == fresh.unseen
    assert [kept.loss(name) for name in stored.NORMALIZATIONS] == pytest.approx(
        [fresh.loss(name) for name in stored.NORMALIZATIONS], rel=1e-6
    ), REBUILD
    assert kept.bits_per_byte() == pytest.approx(fresh.bits_per_byte(), rel=1e-6, nan_ok=True)
    _alike(kept, fresh)
    _alike(stored.whole(kept), fresh)
    assert kept.alternatives(3) == [(text, pytest.approx(p, rel=1e-4)) for text, p in fresh.alternatives(3)]


def _alike(kept: Inspection, fresh: Inspection) -> None:
    ours, theirs = kept.frame(), fresh.frame()
    numbers = theirs.select_dtypes("float").columns
    assert ours.drop(columns=numbers).equals(theirs.drop(columns=numbers))
    assert np.allclose(ours[numbers], theirs[numbers], rtol=1e-4, atol=1e-6, equal_nan=True), REBUILD


def test_another_policy_has_the_same_costs_and_its_own_loss() -> None:
    text = next(iter(SAMPLES.values())).text
    for policy in POLICIES:
        kept, fresh = stored.inspect(text, policy=policy), sftviz.inspect(text, policy=policy)
        assert isinstance(kept, stored.Stored)
        assert kept.loss() == pytest.approx(fresh.loss(), rel=1e-5)
        assert [row.supervised for row in kept.rows()] == [row.supervised for row in fresh.rows()]


@pytest.mark.parametrize(
    "arguments", [{"model": None}, {"model": "sftviz/tiny-base"}, {"template": "llama3"}], ids=lambda each: str(each)
)
def test_what_is_not_kept_is_asked_of_the_model(arguments: dict[str, str | None]) -> None:
    text = next(iter(SAMPLES.values())).text
    assert type(stored.inspect(text, **arguments)) is Inspection  # pyright: ignore[reportArgumentType]
    assert type(stored.inspect([{"role": "user", "content": "a"}])) is Inspection


def test_of_other_weights_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "_sha256", lambda _: "0" * 64)
    assert type(stored.inspect(next(iter(SAMPLES.values())).text)) is Inspection


def test_losses_of_an_inspection_that_is_kept_are_tensors_where_they_are_calculated_with() -> None:
    kept = stored.inspect(next(iter(SAMPLES.values())).text)
    batch, nll = sftviz.inspection.batched([stored.whole(kept)])
    assert nll.shape == (1, batch.input_ids.shape[1] - 1)
    assert replace(kept, findings=()).loss() == kept.loss()


FIRST_STRIP = """
import sys
import sftviz.ui.pages.inspect, sftviz.ui.app
from sftviz import stored
from sftviz.chat.samples import SAMPLES

asked = []
seen = stored.inspect(next(iter(SAMPLES.values())).text, before_model=lambda: asked.append(1))
seen.rows(), str(seen.headline()), seen.bits_per_byte(), seen.alternatives(3), seen._repr_html_()
[str(one.what) for one in seen.findings]
assert not asked
stored.inspect("User: a\\nAssistant: b", model=None, before_model=lambda: asked.append(1)).rows()
assert not asked
print(sorted({"torch", "transformers", "jupytext"} & sys.modules.keys()))
"""


def test_the_first_strip_needs_neither_torch_nor_transformers() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_STRIP], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.returncode) == ("[]", 0), ran.stdout + ran.stderr


FIRST_PAGE = """
import sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file(sys.argv[1], default_timeout=120).run()
assert app.title and not app.exception
assert "strip" in {one.key for one in app.main if getattr(one, "key", None)}
print(sorted({"torch", "transformers", "jupytext"} & sys.modules.keys()))
"""


def test_the_first_page_needs_neither_torch_nor_transformers() -> None:
    ran = subprocess.run([sys.executable, "-c", FIRST_PAGE, str(ROOT / "app.py")], capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.returncode) == ("[]", 0), ran.stdout + ran.stderr


def test_the_model_is_announced_before_it_is_needed() -> None:
    asked: list[int] = []
    stored.inspect("User: a\nAssistant: b", before_model=lambda: asked.append(1))
    assert asked == [1]
