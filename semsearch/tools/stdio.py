"""`semsearch mcp`: the tools as a server of the Model Context Protocol over standard input and output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from semsearch.errors import CapabilityError, SemsearchError
from semsearch.tools.local import Files
from semsearch.tools.signature import NAMES, described

INSTRUCTIONS = (
    "semsearch searches tables of SQLite databases by meaning. Call list_collections first. search finds rows,"
    " ask the passages that answer a question, read_row reads a row whole, explain says why a row was found."
)
MISSING = "The tools need the package mcp: pip install 'datasette-semsearch[agents]'"


def serve(paths: Sequence[str]) -> None:
    """Answer a client on standard input and output until it leaves. Reads the files, and never writes.

    Raises CapabilityError without the package `mcp`, DatabaseError for a file that cannot be read.
    """
    server = make_server(Files(paths))
    server.run("stdio")


def make_server(files: Files) -> Any:
    """The server with all tools. Raises CapabilityError without the package `mcp`."""
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.types import ToolAnnotations
    except ImportError as error:
        raise CapabilityError(MISSING) from error
    server = MCPServer("semsearch", instructions=INSTRUCTIONS)
    notes = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    for name in NAMES:
        server.add_tool(described(name, _tool(files, name)), annotations=notes, structured_output=False)
    return server


def _tool(files: Files, name: str) -> Callable[..., str]:
    from mcp.server.mcpserver.exceptions import ToolError

    def call(**arguments: Any) -> str:
        try:
            return files.call(name, arguments)
        except SemsearchError as error:
            raise ToolError(str(error)) from error

    return call
