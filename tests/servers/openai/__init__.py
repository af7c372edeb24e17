"""An OpenAI-compatible server for tests and demos: sensible answers by default, scripted ones and faults on request."""

from tests.servers.openai.server import OpenAIServer

__all__ = ["OpenAIServer"]
