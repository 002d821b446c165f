"""The tools through datasette-mcp: a real client over HTTP to a real server, as each actor."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from semsearch_datasette.compat import IS_1

from semsearch.tools.answers import MOST_CHARACTERS
from semsearch.tools.signature import NAMES
from tests.datasette.closed import ASKED, LEVELS, leaks, names
from tests.datasette.pages import configured

pytest.importorskip("mcp")
pytest.importorskip("datasette_mcp")
TOOLS = [f"semsearch_{name}" for name in NAMES]
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("search", {"query": ASKED}),
    ("ask", {"question": ASKED}),
    ("similar", {"ids": ["1"]}),
    ("explain", {"query": ASKED, "id": "1"}),
    ("topics", {}),
    ("read_row", {"id": "1"}),
    ("words_near", {"word": ASKED}),
    ("neighbours", {"id": "1"}),
]
CLOSED = ("secret_files_lsa", "library/secret_files_lsa", "secret_files_pmi", "secret_files_netmf", "SECRET_FILES_LSA")


@contextmanager
def serving(datasette: Any) -> Iterator[str]:
    """The address of a server of this process, on a free port of the loopback interface."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(datasette.app(), host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server has ended"
        threading.Event().wait(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


async def _asked(address: str, cookie: str | None, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared._httpx_utils import create_mcp_http_client

    headers = {"cookie": f"ds_actor={cookie}"} if cookie else {}
    async with (
        create_mcp_http_client(headers=headers) as http,
        Client(streamable_http_client(f"{address}/-/mcp", http_client=http)) as client,
    ):
        listed = [tool.name for tool in (await client.list_tools()).tools]
        return [listed, *[await client.call_tool(f"semsearch_{name}", arguments) for name, arguments in calls]]


def asked(address: str, cookie: str | None, calls: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    return asyncio.run(_asked(address, cookie, calls))


def text_of(result: Any) -> str:
    return "".join(part.text for part in result.content)


@pytest.fixture(scope="module")
def served(mixed, tmp_path_factory):
    """A server with a private table, and the cookie of an actor."""
    from datasette.app import Datasette

    file = shutil.copy(mixed, tmp_path_factory.mktemp("mcp") / "library.db")
    datasette = Datasette([str(file)], **configured(LEVELS["table"]))
    with serving(datasette) as address:
        yield address, lambda id: datasette.sign({"a": {"id": id}}, "actor")


def test_a_client_lists_and_calls_the_tools(served):
    address, _ = served
    listed, collections, found, answered, wrong, other = asked(
        address,
        None,
        [
            ("list_collections", {}),
            ("search", {"collection": "articles_lsa", "query": "a moon landing", "k": 3, "filters": ["theme=space"]}),
            ("ask", {"collection": "articles_lsa", "question": "Who returned to earth?", "k": 1}),
            ("search", {"collection": "articles_lsa", "query": "moon", "filters": ["1=1 or theme=x"]}),
            ("search", {"collection": "nothing", "query": "moon"}),
        ],
    )
    assert set(TOOLS) <= set(listed)
    assert {each["collection"] for each in json.loads(text_of(collections))["collections"]} >= {"articles_lsa"}
    hits = json.loads(text_of(found))["hits"]
    assert len(hits) == 3 and hits[0]["url"].startswith(f"{address}/library/-/semsearch/articles_lsa/item/")
    (passage,) = json.loads(text_of(answered))["passages"]
    assert "returned" in passage["passage"] and "returned" in passage["words_matched"]
    assert wrong.is_error and "There is no column" in text_of(wrong) and "\n" not in text_of(wrong)
    assert other.is_error and "There is no collection 'nothing': there are" in text_of(other)


@pytest.mark.parametrize("actor", [None, "other"])
def test_a_private_table_does_not_exist_for_outsiders(served, actor):
    address, sign = served
    calls = [(name, {"collection": closed, **more}) for closed in CLOSED for name, more in CALLS]
    cookie = None if actor is None else sign(actor)
    listed, collections, *answers = asked(address, cookie, [("list_collections", {}), *calls])
    assert leaks(text_of(collections)) == [] and names(text_of(collections)) == []
    for (name, arguments), answer in zip(calls, answers, strict=True):
        said = text_of(answer)
        assert answer.is_error, (name, arguments)
        assert leaks(said) == [], said
        assert names(said.replace(arguments["collection"], "")) == [], said
        nothing = said.replace(arguments["collection"], "nothing")
        assert nothing.startswith("Error executing tool") or nothing.startswith("There is no collection 'nothing'")


def test_whoever_may_see_the_table_gets_answers_of_bounded_size(served):
    address, sign = served
    calls = [(name, {"collection": "secret_files_lsa", **more}) for name, more in CALLS[:7]]
    calls.append(("neighbours", {"collection": "secret_files_netmf", "id": "1"}))
    calls.append(("search", {"collection": "secret_files_lsa", "query": ASKED, "k": 50}))
    _, *answers = asked(address, sign("owner"), calls)
    for call, answer in zip(calls, answers, strict=True):
        assert not answer.is_error, (call, text_of(answer))
        assert len(text_of(answer)) <= MOST_CHARACTERS
    assert leaks(text_of(answers[0])) and json.loads(text_of(answers[-1]))["cursor"]


def test_one_session_forgets_what_it_may_see_when_the_actor_changes(served):
    """The protocol's session lives longer than a request, so nothing of one request may answer the next."""
    address, sign = served
    for cookie, refused in ((sign("owner"), False), (None, True), (sign("owner"), False), (sign("other"), True)):
        _, answer = asked(address, cookie, [("search", {"collection": "secret_files_lsa", "query": ASKED})])
        assert answer.is_error == refused


@pytest.mark.skipif(not IS_1, reason="datasette-agent needs Datasette 1.0")
def test_datasette_agent_gets_the_same_tools(site):
    pytest.importorskip("datasette_agent")
    from datasette_agent.tools import get_agent_tools

    tools = {tool.name: tool for tool in site.call(get_agent_tools(site.datasette))}
    assert set(TOOLS) <= set(tools)
    search = tools["semsearch_search"]
    assert search.input_schema["required"] == ["collection", "query"]
    answer = site.call(search.fn(datasette=site.datasette, actor=None, collection="articles_lsa", query="moon"))
    assert json.loads(answer)["hits"]
