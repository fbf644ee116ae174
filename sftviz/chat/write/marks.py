"""The shape of control tokens, under the name that checks still ask for; `control.control_tokens` asks the tokenizer."""

import re

from sftviz.chat.write.control import SHAPES

CONTROL_LIKE = re.compile(SHAPES)
