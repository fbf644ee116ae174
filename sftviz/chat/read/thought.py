"""A reply's thought told from the reply: `<think>…</think>`."""


def split_thought(content: str) -> tuple[str, str] | None:
    """(reasoning, reply) of a reply that begins with `<think>…</think>`, without the newlines next to the tags.

    A reply that holds only `</think>` thinks up to it: its `<think>` stands in the prompt. Empty thoughts: None, for
    some templates write one to switch thinking off.

    >>> split_thought("<think>\\nhm\\n</think>\\n\\nyes")
    ('hm', 'yes')
    >>> split_thought("hm</think>yes")
    ('hm', 'yes')
    """
    opened = content.lstrip()
    thought, closed, reply = opened.removeprefix("<think>").partition("</think>")
    if not closed or not thought.strip() or "<think>" in thought:
        return None
    return thought.strip("\r\n"), reply.lstrip("\r\n")
