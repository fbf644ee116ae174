"""`python -m sftviz.ui.serve run …`: `streamlit run …`, with what the first page needs imported before the door opens.

Modules of sftviz.ui are not among it: their components belong to the server, which is not there yet. Nor is torch.
"""

import sys
from importlib import import_module

from streamlit.web import cli

from sftviz import stored
from sftviz.chat.samples import SAMPLES

LIGHT = ("sftviz.course.lesson", "sftviz.chat.files", "pandas", "plotly.io", "plotly.tools")


def main() -> None:
    for module in LIGHT:
        import_module(module)
    stored.inspect(next(iter(SAMPLES.values())).text, model=None)  # the tokenizer is read, the template compiled
    cli.main(sys.argv[1:], prog_name="streamlit")


if __name__ == "__main__":
    main()
