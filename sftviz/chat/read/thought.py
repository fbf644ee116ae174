"""A thought that stands inside a reply, split off for display: what is rendered stays as it was written."""

TAGS = (("<think>", "</think>"), ("[THINK]", "[/THINK]"))


def split_thought(content: str) -> tuple[str, str] | None:
    """(reasoning, reply) of a reply that begins with a thought, without the newlines next to the tags; None else.

    Some templates write the opening tag into the prompt, so that the reply holds only the closing one. An empty thought
    stays text: some templates write one to switch thinking off.

    >>> split_thought("<think>\\nhm\\n</think>\\n\\nyes")
    ('hm', 'yes')
    >>> split_thought("hm\\n</think>\\n\\nyes")
    ('hm', 'yes')
    >>> split_thought("<think>\\n\\n</think>\\n\\nyes") is None
    True
    """
    for opening, closing in TAGS:
        thought, closed, reply = content.partition(closing)
        thought = thought.lstrip()
        if closed and opening not in thought.removeprefix(opening):
            thought = thought.removeprefix(opening)
            return (thought.strip("\r\n"), reply.lstrip("\r\n")) if thought.strip() else None
    return None
