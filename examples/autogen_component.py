"""A team that AutoGen dumped as component JSON, loaded as it is. AutoGen itself need not be installed.

    OPENAI_API_KEY=... python examples/autogen_component.py
    folkmoot run examples/autogen_component.json --task "A headline on the new tram line"

The JSON is what `team.dump_component()` gives in AutoGen 0.7.5. `dump_component(team)` of `folkmoot.autogen` is the way
back.
"""

import asyncio
from pathlib import Path

from folkmoot import Console, local
from folkmoot.autogen import load_component

team = load_component(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))


async def main() -> None:
    async with local() as moot:
        chat = await moot.open(team, id="example-autogen-component")
        await Console(chat.run_stream(task="A headline on the new tram line"))


if __name__ == "__main__":
    asyncio.run(main())
