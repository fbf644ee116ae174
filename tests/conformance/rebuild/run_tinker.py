"""What tinker-cookbook's Qwen 3 renderers make of a chat: `build_supervised_example(s)`."""

import json
import logging
import warnings
from typing import Any

from common import IGNORE, Golden, tokenizer
from tinker_cookbook.renderers.base import ToolCall, TrainOnWhat
from tinker_cookbook.renderers.qwen3 import Qwen3DisableThinkingRenderer, Qwen3InstructRenderer, Qwen3Renderer

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def converted(messages: list[Any]) -> list[Any]:
    made = []
    for message in messages:
        one: dict[str, Any] = {"role": message["role"], "content": message["content"]}
        if message.get("reasoning_content"):
            thought = {"type": "thinking", "thinking": message["reasoning_content"]}
            one["content"] = [thought, {"type": "text", "text": message["content"]}]
        if message.get("tool_calls"):
            one["tool_calls"] = [_call(call) for call in message["tool_calls"]]
        if message["role"] == "tool":
            one |= {"tool_call_id": message["tool_call_id"], "name": message["name"]}
        made.append(one)
    return made


def _call(call: Any) -> Any:
    arguments = json.dumps(call["function"]["arguments"], ensure_ascii=False)
    body = ToolCall.FunctionBody(name=call["function"]["name"], arguments=arguments)
    return ToolCall(function=body, id=call["id"])


def main() -> None:
    golden = Golden("tinker", ("tinker-cookbook", "tinker", "transformers", "tokenizers"), "Apache-2.0")
    tok = tokenizer("qwen3")
    renderers = {
        "qwen3": Qwen3Renderer(tok),
        "qwen3_instruct": Qwen3InstructRenderer(tok),
        "qwen3_nothink": Qwen3DisableThinkingRenderer(tok),
    }

    def case(preset: str, template: str, what: Any, many: bool = False) -> None:
        renderer = renderers[template]

        def encode(messages: list[Any]) -> list[Any]:
            given = converted(messages)
            if many:
                made = renderer.build_supervised_examples(given, train_on_what=what)
            else:
                made = [renderer.build_supervised_example(given, train_on_what=what)]
            rows = []
            for model_input, weights in made:
                ids = model_input.to_ints()
                rows.append((ids, [i if w > 0 else IGNORE for i, w in zip(ids, weights.tolist(), strict=True)]))
            return rows

        golden.run(preset, template, encode)

    for template in ("qwen3", "qwen3_instruct"):
        case("tinker/all_assistant", template, TrainOnWhat.ALL_ASSISTANT_MESSAGES)
        case("tinker/last_message", template, TrainOnWhat.LAST_ASSISTANT_MESSAGE)
        case("tinker/last_turn", template, TrainOnWhat.LAST_ASSISTANT_TURN)
        case("tinker/all_messages", template, TrainOnWhat.ALL_MESSAGES)
        case("tinker/all_tokens", template, TrainOnWhat.ALL_TOKENS)
        case("tinker/user_and_system", template, TrainOnWhat.ALL_USER_AND_SYSTEM_MESSAGES)
        case("tinker/examples", template, TrainOnWhat.ALL_ASSISTANT_MESSAGES, many=True)
    case("tinker/last_message", "qwen3_nothink", TrainOnWhat.LAST_ASSISTANT_MESSAGE)
    golden.write()


if __name__ == "__main__":
    main()
