"""Families of chat templates whose turns stand between marks: one row of Marks each."""

from sftviz.chat.read.marked import Marks

CHATML = Marks(r"<\|im_start\|>(?P<role>[^\r\n<]*)(?:\r?\n|<\|im_sep\|>|\Z)", r"<\|im_end\|>")
LLAMA3 = Marks(
    r"<\|(?:start_header_id|header_start)\|>(?P<role>[^\r\n<]*)<\|(?:end_header_id|header_end)\|>(?:\r?\n){0,2}",
    r"<\|(?:eot_id|eom_id|eot|eom)\|>",
)
GEMMA = Marks(r"<start_of_turn>(?P<role>[^\r\n<]*)(?:\r?\n|\Z)", r"<end_of_turn>")
GEMMA4 = Marks(r"<\|turn>(?P<role>[^\r\n<]*)(?:\r?\n|\Z)", r"<turn\|>")
PHI = Marks(
    r"<\|(?P<role>system|user|assistant|tool|tool_response)\|>\r?\n?", r"<\|end\|>", roles={"tool_response": "tool"}
)
# <|user|> turns that a document's end token ends, or nothing: Zephyr </s>, Tülu and OLMo <|endoftext|>, Falcon 3
ZEPHYR = Marks(
    r"<\|(?P<role>system|user|assistant|tool|function)\|>\r?\n?", spacers=("\r\n", "\n"), ended=("assistant",)
)
GLM = Marks(
    r"(?P<mark><\|(?P<role>system|user|assistant|observation)\|>)(?:\r?\n)?", next_ends=True, ended=("assistant",)
)
# ChatGLM 3 writes a tool's name behind its header, and a space before the words
CHATGLM3 = Marks(
    r"(?P<mark><\|(?P<role>system|user|assistant|observation)\|>)(?:[\w.]*\r?\n ?)?",
    next_ends=True,
    ended=("assistant",),
)
_DEEPSEEK_ROLES = {"User": "user", "Assistant": "assistant", "": "assistant"} | {
    f"tool{gap}{what}": role
    for gap in "▁_ "
    for what, role in ((f"output{gap}begin", "tool"), (f"outputs{gap}end", "assistant"))
}
# What follows the results of tools is the assistant's, with no header of its own
DEEPSEEK = Marks(
    r"(?:<[｜|]tool[▁_ ]outputs[▁_ ]begin[｜|]>)?"
    r"<[｜|](?P<role>User|Assistant|tool[▁_ ]output[▁_ ]begin|tool[▁_ ]outputs[▁_ ]end)[｜|]>"
    r"|(?<=<｜tool▁output▁end｜>)(?=[^\s<])",
    r"<[｜|](?:end[▁_ ]of[▁_ ]sentence|tool[▁_ ]output[▁_ ]end)[｜|]>",
    roles=_DEEPSEEK_ROLES,
    ended=("assistant",),
    system_first=True,
)
DEEPSEEK2 = Marks(
    r"(?:^|(?<=[｜|]>))(?P<role>User|Assistant):[ ]?",
    r"<[｜|]end[▁_ ]of[▁_ ]sentence[｜|]>",
    roles={"User": "user", "Assistant": "assistant"},
    spacers=("\n\n", "\n"),
    ended=("assistant",),
    system_first=True,
)
COHERE = Marks(
    r"<\|START_OF_TURN_TOKEN\|>(?:<\|(?P<role>SYSTEM|USER|CHATBOT)_TOKEN\|>|\Z)",
    r"<\|END_OF_TURN_TOKEN\|>",
    roles={"SYSTEM": "system", "USER": "user", "CHATBOT": "assistant"},
)
GRANITE = Marks(r"<\|start_of_role\|>(?P<role>[^\r\n<]*)<\|end_of_role\|>", r"<\|end_of_text\|>")
OPENCHAT = Marks(
    r"(?P<role>(?:GPT4|GPT4o|GPT3|Human|Code|Math)(?: Correct)? (?:User|Assistant)):[ ]?",
    r"<\|end_of_turn\|>",
    roles={
        f"{model}{correct} {who}": who.lower()
        for model in ("GPT4", "GPT4o", "GPT3", "Human", "Code", "Math")
        for correct in (" Correct", "")
        for who in ("User", "Assistant")
    },
)
IDEFICS = Marks(
    r"(?:^|(?<=[>\n]))(?P<role>User|Assistant|System|Tool):[ ]?",
    r"<end_of_utterance>",
    begin=r"<\|im_start\|>(?!user|system|assistant)|<\|begin_of_text\|>|<s>",
    roles={"User": "user", "Assistant": "assistant", "System": "system", "Tool": "tool"},
)
NEMOTRON = Marks(
    r"<extra_id_[01]>(?P<role>System|User|Assistant|Tool)\r?\n",
    roles={"User": "user", "Assistant": "assistant", "System": "system", "Tool": "tool"},
    spacers=("\n\n", "\n"),
    ended=(),
)
INTERNLM = Marks(
    r"<\|(?P<role>User|Bot|System)\|>:[ ]?",
    r"<eo[ahs]>",
    roles={"User": "user", "Bot": "assistant", "System": "system"},
)
BAICHUAN = Marks(
    r"<reserved_(?P<role>10[2367])>",
    roles={"106": "user", "107": "assistant", "102": "user", "103": "assistant"},
    ended=("assistant",),
    system_first=True,
)
MINICPM = Marks(
    r"<(?P<role>用户|AI)>", roles={"用户": "user", "AI": "assistant"}, ended=("assistant",), system_first=True
)
KIMI = Marks(r"<\|im_(?:system|user|assistant)\|>(?P<role>[^\r\n<]*)<\|im_middle\|>", r"<\|im_end\|>")
EXAONE = Marks(
    r"\[\|(?P<role>system|user|assistant|tool)\|\]\n?",
    r"\[\|endofturn\|\]",
    spacers=("\n",),
    ended=("assistant", "system"),
)
SEED = Marks(r"<seed:bos>(?P<role>[^\r\n<]*)\r?\n", r"<seed:eos>", begin=r"(?!)")
