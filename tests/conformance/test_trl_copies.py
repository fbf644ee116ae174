"""The templates copied from TRL are the installed TRL's, byte for byte, its licence and version beside them."""

from importlib.metadata import distribution
from pathlib import Path

import pytest

from sftviz.chat.write.templates import FOLDERS, TEMPLATES
from tests import trl_templates

COPIES = FOLDERS["trl"]
FILES = sorted({row.file for row in TEMPLATES.values() if row.source == "trl"})


@pytest.mark.parametrize("file", FILES)
def test_a_copy_is_trls(file: str) -> None:
    assert (COPIES / file).read_bytes() == (trl_templates.FOLDER / file).read_bytes()


def test_nothing_is_copied_that_no_row_names() -> None:
    assert sorted(path.name for path in COPIES.glob("*.jinja")) == FILES
    assert sorted(path.name for path in COPIES.iterdir() if path.suffix != ".jinja") == ["LICENSE", "NOTICE"]


def test_the_licence_and_the_version_are_beside_them() -> None:
    trl = distribution("trl")
    licence = next(path for path in trl.files or [] if path.name == "LICENSE")
    assert (COPIES / "LICENSE").read_bytes() == Path(str(trl.locate_file(licence))).read_bytes()
    notice = (COPIES / "NOTICE").read_text(encoding="utf-8")
    assert f"TRL {trl.version}, unchanged" in notice
    assert "Copyright 2020-2026 The HuggingFace Team" in notice
