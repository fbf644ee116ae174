"""`python -m sftviz.cli`: the same as `sftviz`."""

from sftviz.cli import app

app(prog_name="sftviz")
