"""The scripted model's process. Its one argument is the script as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from folkmoot._scripted.http import ScriptedServer

from .lines import serve


async def main() -> None:
    async with ScriptedServer(json.loads(sys.argv[1]), record=0) as server:

        async def handle(asked: dict[str, Any]) -> dict[str, Any]:
            if asked["do"] == "wait":
                await server.wait_for_requests(asked["total"])
            elif asked["do"] == "release":
                server.release(asked["hold"])
            return {"total": server.total}

        await serve({"url": server.base_url}, handle)


if __name__ == "__main__":
    asyncio.run(main())
