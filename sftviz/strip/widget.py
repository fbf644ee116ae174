"""The strip in JupyterLab, VS Code, Colab and marimo, through anywidget: the script and style that the app uses."""

from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from sftviz.strip import script, style
from sftviz.strip.payload import payload

if TYPE_CHECKING:
    from sftviz.comparison import Comparison
    from sftviz.inspection import Inspection


class StripWidget(anywidget.AnyWidget):
    """selected: the position chosen, -1 for none; coloring: what the tokens are coloured by. Both are kept in step."""

    _esm = script()
    _css = style()
    data = traitlets.Dict().tag(sync=True)
    selected = traitlets.Int(-1).tag(sync=True)
    coloring = traitlets.Unicode("supervised").tag(sync=True)


def widget(seen: "Inspection", comparison: "Comparison | None" = None, **state: Any) -> StripWidget:
    """The strip of an inspection, beside another setting where a comparison is given."""
    return StripWidget(data=payload(seen, comparison=comparison), **state)
