"""`/-/semsearch/glossary`: the terms of all pages, which link to their entry."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from datasette import Forbidden

from semsearch.glossary import GLOSSARY
from semsearch.metrics import RUN_GROUPS, RUN_METRICS, as_json
from semsearch_datasette import links
from semsearch_datasette.compat import allows
from semsearch_datasette.parts.how import marked_up
from semsearch_datasette.respond import Answer


async def glossary(datasette: Any, request: Any) -> Answer:
    """All terms by name, for all users who may view the instance; they contain no data."""
    if not await allows(datasette, request.actor, None):
        raise Forbidden("You do not have permission to view this")
    context = {
        "terms": [{"term": term, "text": marked_up(term.text)} for term in GLOSSARY],
        "groups": list(RUN_GROUPS.items()),
        "home_url": links.home(datasette),
        "lecture_url": links.lecture(datasette),
    }
    metrics = {key: as_json(metric) for key, metric in RUN_METRICS.items()}
    return Answer("glossary.html", lambda: context, {"terms": [asdict(term) for term in GLOSSARY], "metrics": metrics})
