"""Training texts of each family and what they hold, as the models' own cards and the reports of people give them.

name -> (form, template, text, [(role, content)]).
"""

ASK, TELL = ("user", "Hi"), ("assistant", "Hello")
BE = ("system", "Be brief.")

FAMILIES: dict[str, tuple[str, str | None, str, list[tuple[str, str]]]] = {
    "chatml": (
        "chatml", "chatml",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n",
        [ASK, TELL],
    ),
    "chatml, cut": ("chatml", "chatml", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello", [ASK, TELL]),
    "chatml, prompt only": (
        "chatml", "chatml", "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", [ASK, ("assistant", "")],
    ),
    "chatml, white space": (
        "chatml", "chatml", "<|im_start|>user\n  Hi \n<|im_end|>\n<|im_start|>assistant\n\nHello  <|im_end|>",
        [("user", "  Hi \n"), ("assistant", "\nHello  ")],
    ),
    "chatml, windows": (
        "chatml", "chatml",
        "<|im_start|>user\r\nHi<|im_end|>\r\n<|im_start|>assistant\r\nHello<|im_end|>\r\n",
        [ASK, TELL],
    ),
    "phi 4": (
        "chatml", "chatml",
        "<|im_start|>user<|im_sep|>Hi<|im_end|><|im_start|>assistant<|im_sep|>Hello<|im_end|>",
        [ASK, TELL],
    ),
    "llama 3": (
        "llama3", "llama3", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|><|end_of_text|>", [ASK, TELL],
    ),
    "llama 4": (
        "llama3", "llama3",
        "<|header_start|>user<|header_end|>\n\nHi<|eot|><|header_start|>assistant<|header_end|>\n\nHello<|eot|>",
        [ASK, TELL],
    ),
    "llama 2": (
        "llama2", "llama2",
        "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello </s><s>[INST] Hi [/INST] Hello </s>",
        [BE, ASK, TELL, ASK, TELL],
    ),
    "mistral v1": (
        "mistral", "mistral",
        "<s>[INST] Hi [/INST]Hello</s>[INST] Hi [/INST]Hello</s>",
        [ASK, TELL, ASK, TELL],
    ),
    "mistral v3, a space kept": ("mistral", "mistral", "<s>[INST]Hi[/INST] Hello</s>", [ASK, ("assistant", " Hello")]),
    "mistral v7": (
        "mistral", "mistral", "<s>[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST]Hello</s>", [BE, ASK, TELL],
    ),
    "mistral, prompt only": ("mistral", "mistral", "<s>[INST]Hi[/INST]", [ASK]),
    "gemma": (
        "gemma", "gemma",
        "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\nHello<end_of_turn>\n",
        [ASK, TELL],
    ),
    "gemma 4": ("gemma4", None, "<bos><|turn>user\nHi<turn|>\n<|turn>model\nHello<turn|>\n", [ASK, TELL]),
    "phi 3": ("phi", "phi3", "<|user|>\nHi<|end|>\n<|assistant|>\nHello<|end|>\n<|endoftext|>", [ASK, TELL]),
    "zephyr": (
        "zephyr", None, "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello</s>\n", [BE, ASK, TELL],
    ),
    "zephyr, an answer in HTML": (
        "zephyr", None, "<|user|>\nHi</s>\n<|assistant|>\nnot <s>five</s> but six</s>\n",
        [ASK, ("assistant", "not <s>five</s> but six")],
    ),
    "tulu": ("zephyr", None, "<|user|>\nHi\n<|assistant|>\nHello<|endoftext|>", [ASK, TELL]),
    "glm 4": (
        "glm", "glm4",
        "[gMASK]<sop><|system|>\nBe brief.<|user|>\nHi<|assistant|>\nHello<|user|>\nHi<|assistant|>\nHello<|user|>",
        [BE, ASK, TELL, ASK, TELL],
    ),
    "chatglm 3": ("chatglm3", None, "[gMASK]sop<|user|>\n Hi<|assistant|>\n Hello", [ASK, TELL]),
    "deepseek": (
        "deepseek", "deepseek_v3", "<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi<｜Assistant｜>Hello"
        "<｜end▁of▁sentence｜>",
        [BE, ASK, TELL],
    ),
    "deepseek, typed": (
        "deepseek", "deepseek_v3", "<|begin_of_sentence|><|User|>Hi<|Assistant|>Hello<|end_of_sentence|>", [ASK, TELL],
    ),
    "deepseek 2": (
        "deepseek2", None, "<｜begin▁of▁sentence｜>User: Hi\n\nAssistant: Hello"
        "<｜end▁of▁sentence｜>User: Hi\n\nAssistant:",
        [ASK, TELL, ASK, ("assistant", "")],
    ),
    "command r": (
        "cohere", "cohere2", "<BOS_TOKEN><|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|>"
        "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>Hello<|END_OF_TURN_TOKEN|>", [ASK, TELL],
    ),
    "granite": (
        "granite", None, "<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n"
        "<|start_of_role|>assistant<|end_of_role|>Hello<|end_of_text|>\n", [ASK, TELL],
    ),
    "gpt-oss": (
        "harmony", "gpt_oss", "<|start|>system<|message|>Be brief.<|end|><|start|>user<|message|>Hi<|end|>"
        "<|start|>assistant<|channel|>final<|message|>Hello<|return|>", [BE, ASK, TELL],
    ),
    "openchat": (
        "openchat", None,
        "GPT4 Correct User: Hi<|end_of_turn|>GPT4 Correct Assistant: Hello<|end_of_turn|>",
        [ASK, TELL],
    ),
    "smolvlm": (
        "idefics", None, "<|im_start|>User: Hi<end_of_utterance>\nAssistant: Hello<end_of_utterance>\n", [ASK, TELL],
    ),
    "nemotron": ("nemotron", None, "<extra_id_1>User\nHi\n<extra_id_1>Assistant\nHello", [ASK, TELL]),
    "internlm": ("internlm", None, "<|User|>:Hi<eoh>\n<|Bot|>:Hello<eoa>\n", [ASK, TELL]),
    "baichuan": ("baichuan", None, "<reserved_106>Hi<reserved_107>Hello</s>", [ASK, TELL]),
    "minicpm": ("minicpm", None, "<用户>Hi<AI>Hello</s>", [ASK, TELL]),
    "exaone": (
        "exaone", None,
        "[|system|]Be brief.[|endofturn|]\n[|user|]Hi\n[|assistant|]Hello[|endofturn|]\n",
        [BE, ASK, TELL],
    ),
    "kimi": (
        "kimi", None,
        "<|im_user|>user<|im_middle|>Hi<|im_end|><|im_assistant|>assistant<|im_middle|>Hello<|im_end|>",
        [ASK, TELL],
    ),
    "seed": ("seed", None, "<seed:bos>user\nHi<seed:eos><seed:bos>assistant\nHello<seed:eos>", [ASK, TELL]),
    "vicuna": (
        "vicuna", None,
        "Be brief. USER: Hi ASSISTANT: Hello</s>USER: Hi ASSISTANT: Hello</s>",
        [BE, ASK, TELL, ASK, TELL],
    ),
    "vicuna, lines": ("vicuna", None, "Be brief.\n\nUSER: Hi\nASSISTANT: Hello</s>\n", [BE, ASK, TELL]),
    "vicuna, no end": ("vicuna", None, "USER: Hi ASSISTANT: Hello", [ASK, TELL]),
    "alpaca": (
        "alpaca_text", "alpaca",
        "Below is an instruction that describes a task. Write a response that appropriately completes "
        "the request.\n\n### Instruction:\nHi\n\n### Response:\nHello</s>", [ASK, TELL],
    ),
    "alpaca, own words": (
        "alpaca_text", "alpaca",
        "Be brief.\n\n### Instruction:\nHi\n\n### Response:\nHello",
        [BE, ASK, TELL],
    ),
    "alpaca, input": (
        "alpaca_text", "alpaca", "### Instruction:\nAdd\n\n### Input:\n1 2\n\n### Response:\n3<|endoftext|>",
        [("user", "Add\n\n### Input:\n1 2"), ("assistant", "3")],
    ),
    "alpaca, a quoted header": (
        "alpaca_text", "alpaca", "### Instruction:\nHi\n\n### Response:\nSo:\n### Input:\nx\n### Response:\ny",
        [ASK, ("assistant", "So:\n### Input:\nx\n### Response:\ny")],
    ),
    "guanaco": (
        "hashes", None,
        "### Human: Hi### Assistant: Hello### Human: Hi### Assistant: Hello",
        [ASK, TELL, ASK, TELL],
    ),
    "solar": ("hashes", None, "### System:\nBe brief.\n\n### User:\nHi\n\n### Assistant:\nHello</s>", [BE, ASK, TELL]),
}  # fmt: skip
