"""The strip as a page of its own: the script where it may run, HTML that says the same where it may not."""

import json
from typing import TYPE_CHECKING

from sftviz.strip import script, style
from sftviz.strip.payload import payload

if TYPE_CHECKING:
    from sftviz.inspection import Inspection

PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>sftviz</title>
<style>body {{ margin: 1rem; color-scheme: light dark; background: Canvas; color: CanvasText; }}
{style}</style>
<div class="sftviz-strip" id="strip">{still}</div>
<script type="application/json" id="data">{data}</script>
<script type="module">{script}
const data = JSON.parse(document.getElementById("data").textContent);
mount(document.getElementById("strip"), data, {{ hearsPage: true, set() {{}} }});
</script></html>
"""


def of(seen: "Inspection") -> str:
    """One file that needs nothing else; what a chat says is data in it, and stays data."""
    from sftviz import words

    data = json.dumps(payload(seen), ensure_ascii=False).replace("<", "\\u003c")
    return PAGE.format(language=words.language(), style=style(), still=seen._repr_html_(), data=data, script=script())
