"""What `llm` does from Python, through a gateway; prints one line of JSON for each.

Arguments: the gateway's URL, its key, the dialect of the client. Each line of the input is one
JSON array: the workload and the question.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from llm.default_plugins.openai_models import Chat
from llm_anthropic import ClaudeMessages


def model_of(url: str, key: str, dialect: str, name: str) -> Any:
    if dialect == "messages":
        return ClaudeMessages(name, claude_model_id=name, base_url=url)
    return Chat(name, key=key, model_name=name, api_base=f"{url}/v1")


def main(url: str, key: str, dialect: str) -> None:
    for line in sys.stdin:
        name, question = json.loads(line)
        model = model_of(url, key, dialect, name)
        for deed, stream in (("prompt", False), ("stream", True)):
            answer = model.prompt(question, stream=stream, key=key)
            text = "".join(answer) if stream else answer.text()
            print(json.dumps({"deed": deed, "text": text, "usage": answer.usage().output}))
        print("{}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
