"""A file beside the paste box: its samples are looked at as long as it is there; the box keeps what was pasted."""

from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import streamlit as st

from sftviz.chat.files import LONGEST_UPLOAD, MOST_UPLOADED, TEMPLATE_SUFFIXES, open_data
from sftviz.chat.messages import ChatError
from sftviz.chat.read.encodings import decoded
from sftviz.chat.read.pastes import Paste
from sftviz.chat.read.reading import Media, Side
from sftviz.ui.components.notes import error_note, notes
from sftviz.ui.components.pickers import OWN
from sftviz.ui.components.sample_table import NUMBER
from sftviz.ui.language import t

TYPES = ("jsonl", "ndjson", "json", "csv", "tsv", "parquet", "txt", "gz")


@dataclass(frozen=True)
class Upload:
    """A file of the session: `id` tells it from any other, also one of the same name."""

    id: str
    name: str
    data: bytes


def offer_upload() -> Upload | None:
    """The uploaded file, if there is one with samples. A template is put where templates are typed."""
    file = st.file_uploader(
        t("ui.upload.label"),
        type=[*TYPES, *(suffix.removeprefix(".") for suffix in TEMPLATE_SUFFIXES)],
        max_upload_size=LONGEST_UPLOAD // 1_000_000,
        key="file",
        help=t("ui.upload.help"),
        on_change=_taken,
    )
    if file is None:
        return None
    if _is_template(file):
        _say_what_became_of(file)
        return None
    st.caption(t("ui.upload.shown"))
    return Upload(file.file_id, file.name, file.getvalue())


def read_upload(upload: Upload, media: Media, side: Side | None) -> Paste:
    """Its samples, opened once a session. Raises ChatError where it cannot be read."""
    key = (upload.id, media, side)
    if st.session_state.get("opened_key") != key:
        opened = open_data(BytesIO(upload.data), upload.name, most=LONGEST_UPLOAD, media=media, side=side)
        st.session_state.opened_file, st.session_state.opened_key = opened.paste(MOST_UPLOADED), key
    return st.session_state.opened_file


def _taken() -> None:
    """A new file shows its samples first."""
    file: Any = st.session_state.file
    if file is None:
        return
    if _is_template(file):
        with suppress(ChatError):  # told below the file
            st.session_state.typed_template, _ = decoded(file.getvalue())
            st.session_state.template = OWN
    else:
        NUMBER.put(NUMBER.default)


def _is_template(file: Any) -> bool:
    return Path(file.name).suffix.lower() in TEMPLATE_SUFFIXES


def _say_what_became_of(template: Any) -> None:
    try:
        decoded(template.getvalue())
    except ChatError as error:
        notes([error_note(error)], key="error_template")
    else:
        st.caption(t("ui.upload.template_taken"))
