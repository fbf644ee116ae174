"""What the model card says of chance: from a made spread.json, with numbers computed by hand."""

import importlib.util
import json
from pathlib import Path

import pytest

SPREAD = Path(__file__).resolve().parent.parent / "tools" / "spread.py"
spec = importlib.util.spec_from_file_location("spread", SPREAD)
assert spec
assert spec.loader
spread = importlib.util.module_from_spec(spec)
spec.loader.exec_module(spread)


def costs(plain: float, user: float, assistant: float) -> dict[str, float]:
    return {"assistant": assistant, "user": user, "plain": plain}


RUNS = {
    "tiny-sft": [costs(4, 6, 1.5), costs(5, 6, 1.6), costs(6, 6, 1.7)],
    "tiny-unmasked": [costs(4, 2, 1.7), costs(5, 3, 1.7), costs(6, 4, 1.6)],
}
KEPT = {f"sftviz/{name}": runs[0] for name, runs in RUNS.items()}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "spread.json"
    path.write_text(json.dumps(RUNS), encoding="utf-8")
    return path


def test_each_of_the_pair_has_its_mean_deviation_and_range(made: Path) -> None:
    said = spread.section(made, KEPT, seed=20)
    assert (
        "| `sftviz/tiny-sft` | 5.000 ± 1.000 (4.000 to 6.000) | 6.000 ± 0.000 (6.000 to 6.000) "
        "| 1.600 ± 0.100 (1.500 to 1.700) |" in said
    )
    assert "| `sftviz/tiny-unmasked` | 5.000 ± 1.000 (4.000 to 6.000) | 3.000 ± 1.000 (2.000 to 4.000) |" in said


def test_the_difference_is_taken_within_each_seed(made: Path) -> None:
    # assistant: 0.2, 0.1, −0.1; plain text moves with the seed and the two with it, so nothing is left of it
    said = spread.section(made, KEPT, seed=20)
    assert (
        "| without a mask − with it | 0.000 ± 0.000 (0.000 to 0.000) | -3.000 ± 1.000 (-4.000 to -2.000) "
        "| 0.067 ± 0.153 (-0.100 to 0.200) |" in said
    )
    assert "answers cost more in 2 of 3 runs" in said


def test_the_number_of_seeds_is_that_of_the_file(made: Path) -> None:
    said = " ".join(spread.section(made, KEPT, seed=20).split())
    assert "tuned 3 times" in said
    assert "seeds 20 to 22" in said


def test_without_the_file_nothing_is_said_of_chance(tmp_path: Path) -> None:
    assert spread.section(tmp_path / "spread.json", KEPT, seed=20) == ""


def test_a_file_of_other_weights_is_refused(made: Path) -> None:
    with pytest.raises(ValueError, match=r"the first run of tiny-unmasked cost .* it is of other weights"):
        spread.section(made, KEPT | {"sftviz/tiny-unmasked": costs(4, 2, 1.75)}, seed=20)


def test_runs_that_have_no_partner_are_refused(made: Path) -> None:
    made.write_text(json.dumps(RUNS | {"tiny-sft": RUNS["tiny-sft"][:2]}), encoding="utf-8")
    with pytest.raises(ValueError, match="zip"):
        spread.section(made, KEPT, seed=20)
