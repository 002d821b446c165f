"""The tools as their clients use them: over standard input and output, and through `llm` with a scripted model."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import pytest

from semsearch.errors import CapabilityError, SemsearchError
from semsearch.tools import stdio
from semsearch.tools.signature import NAMES
from semsearch.tools.written_answer import checked
from tests.helpers import built_once
from tests.tools.test_toolbox import _build


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> str:
    return str(built_once(tmp_path_factory, "tools", _build) / "books.db")


async def _talk(file: str) -> list[Any]:
    from mcp import StdioServerParameters
    from mcp.client.client import Client
    from mcp.client.stdio import stdio_client

    server = StdioServerParameters(command=sys.executable, args=["-m", "semsearch", "mcp", file])
    async with Client(stdio_client(server)) as client:
        tools = (await client.list_tools()).tools
        found = await client.call_tool("search", {"collection": "texts_lsa", "query": "rocket", "k": 2})
        wrong = await client.call_tool("search", {"collection": "texts_lsa", "query": "rocket", "k": "many"})
        return [tools, found, wrong]


def test_a_client_talks_to_semsearch_mcp(file):
    pytest.importorskip("mcp")
    tools, found, wrong = asyncio.run(_talk(file))
    assert [tool.name for tool in tools] == list(NAMES)
    search = next(tool for tool in tools if tool.name == "search")
    assert search.annotations.read_only_hint and search.input_schema["required"] == ["collection", "query"]
    assert len(json.loads(found.content[0].text)["hits"]) == 2
    assert wrong.is_error


def test_without_the_package_one_line_says_how_to_get_it(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)
    with pytest.raises(CapabilityError, match=r"pip install 'datasette-semsearch\[agents\]'"):
        stdio.serve([file])


def test_llm_calls_the_tools(file):
    llm = pytest.importorskip("llm")
    from semsearch.tools.llm_tools import Semsearch

    class Scripted(llm.Model):
        model_id = "scripted"
        supports_tools = True

        def execute(self, prompt, stream, response, conversation=None, **more):
            if prompt.tool_results:
                yield prompt.tool_results[0].output
                return
            response.add_tool_call(
                llm.ToolCall(name="Semsearch_search", arguments={"collection": "texts_lsa", "query": "rocket", "k": 1})
            )

    answer = Scripted().chain("Find rockets", tools=[Semsearch(file)]).text()
    assert json.loads(answer)["hits"][0]["words_matched"] == ["rocket"]
    wrong = next(tool for tool in Semsearch(file).tools() if tool.name == "Semsearch_search")
    assert wrong.implementation(collection="nothing", query="x").startswith("Error: There is no collection")


def test_ask_lets_a_model_answer_from_the_passages(file, run, monkeypatch):
    llm = pytest.importorskip("llm")

    class Scripted:
        said = "It landed [1]."

        def prompt(self, text: str, system: str) -> Any:
            assert "[1] " in text and "[2]" in system
            return self

        def text(self) -> str:
            return self.said

    monkeypatch.setattr(llm, "get_model", lambda name: Scripted())
    shown = run("ask", file, "texts_lsa", "Which capsule landed?", "--model", "scripted")
    assert shown.stdout.startswith("It landed [1].\n\n1  ") and "capsule" in shown.stdout
    Scripted.said = "It landed [7]."
    refused = run("ask", file, "texts_lsa", "Which capsule landed?", "--model", "scripted")
    assert "The model cited passage 7, but it was given 3" in refused.stderr and "[7]" not in refused.stdout
    assert "capsule" in refused.stdout


def test_ask_prints_passages(file, run):
    shown = run("ask", file, "texts_lsa", "Which capsule landed?", "-k", "1", "--json")
    (passage,) = json.loads(shown.stdout)["passages"]
    assert "landed" in passage["passage"]
    assert run("ask", file, "texts_lsa_words", "which?").exit_code == 1
    assert "questions are asked of a collection of texts" in run("ask", file, "texts_lsa_words", "which?").stderr


@pytest.mark.parametrize(("answer", "good"), [("So [1, 2].", True), ("So [0].", False), ("So.", False)])
def test_only_answers_that_cite_their_passages_are_shown(answer, good):
    if good:
        assert checked(answer, 2) == answer
    else:
        with pytest.raises(SemsearchError, match="is not shown"):
            checked(answer, 2)
