"""Where a preset and its framework part, and why. None is hidden: the table counts them; none outlives its cause."""

# (title of the case, name of the chat) -> the reason
KNOWN: dict[tuple[str, str], str] = {}
# Differences met outside the golden files
BEYOND = (
    "gpt-oss's template (it writes today's date): of chats with `reasoning_content` Axolotl, Unsloth, verl and "
    "OpenRLHF leave the reasoning out, for their older transformers does not hand it on as `thinking`; ours is written",
    "gpt-oss's template, OpenRLHF: every message has the keys of all, None where they are missing, and the template "
    "stops at `tool_calls` None; ours is written",
    "GLM 4.5's template, Axolotl: its reading of the template misses `tool_calls`, so calls vanish from the row; ours "
    "keeps them",
    "GLM 4.5's template, Unsloth: the marker is found by asking the template again; ours refuses and asks for markers",
    "TRL, an empty completion: dropped, or an IndexError, as the hash seed of the process falls; the files were made "
    "with PYTHONHASHSEED=0, which drops",
    "a tokenizer that adds BOS by itself: frameworks that call it with `add_special_tokens` were not compared",
    "lists of tools: where the tokenizer's own template writes them; frameworks with templates of their own refuse",
    "NeMo-RL and nanochat: twelve chats of a checkout, texts compared, not ids; FastChat is not followed",
)
