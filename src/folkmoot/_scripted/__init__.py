"""The scripted model: its words are written down beforehand. In process, or over the OpenAI wire protocol.

The HTTP server is in `http`, which needs aiohttp (the extra `testing`) and is therefore not imported here.
"""

from .model import ScriptedModel
from .script import Script

__all__ = ["Script", "ScriptedModel"]
