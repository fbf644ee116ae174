"""Where a preset and its framework part, and why. None is hidden: the table counts them; none outlives its cause."""

# (title of the case, name of the chat) -> the reason
KNOWN: dict[tuple[str, str], str] = {}
