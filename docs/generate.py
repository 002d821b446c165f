"""Writes the pages of docs that are made from the code: see `main`; --check only compares."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from pathlib import Path

import click
from semsearch_datasette.endpoints import ENDPOINTS, Parameter

from semsearch import registry
from semsearch.builders.options import bounds_text, default_text, flag_of, text_of
from semsearch.building.corpora import DESCRIPTIONS
from semsearch.cli.main import assemble
from semsearch.glossary import GLOSSARY, TERMS
from semsearch.metrics import EVALUATION_GROUPS, RUN_GROUPS, Metric
from semsearch.techniques import GUIDE

HERE = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py (`make docs`): change the source, not this page. -->\n"


def help_of(command: click.Command, names: list[str]) -> str:
    """A command's --help and, for a group, that of each of its commands."""
    context = click.Context(
        command,
        info_name=" ".join(names),
        max_content_width=100,
        terminal_width=100,
        help_option_names=["-h", "--help"],
    )
    text = f"{'#' * min(len(names), 3)}# {' '.join(names)}\n\n```\n{command.get_help(context)}\n```\n\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            text += help_of(child, [*names, name])
    return text


def builders_page() -> str:
    """One section per builder: its docstring and a table of its options."""
    text = (
        NOTE
        + "\n# Builders\n\nThe algorithms of `semsearch build`. Plugins can add others ([plugins.md](plugins.md)).\n"
    )
    for builder in registry.load(entry_points=False).builders.values():
        module = inspect.getmodule(type(builder))
        text += f"\n## {builder.name}\n\nReads {DESCRIPTIONS[builder.reads]}. {inspect.getdoc(type(builder))}\n\n"
        text += (
            f"```\n{inspect.cleandoc(module.__doc__ or '')}\n```\n\n"
            "| option | default | values | description |\n| --- | --- | --- | --- |\n"
        )
        for field in dataclasses.fields(builder.Options):
            cells = (f"`{flag_of(field)}`", default_text(field), bounds_text(field), text_of(field))
            text += f"| {' | '.join(cells)} |\n"
    return text


LECTURE = """
# A guide that follows the lecture

This guide follows a course lecture on semantic embeddings. Each row is one technique of the lecture. It gives a
definition with the formula, the command that runs the technique, the page that shows it, and what to look at there.

Build the example data first with `semsearch demo demo.db`, which takes about a minute without PyTorch, and
two or three minutes with it. Then run
`semsearch serve demo.db`. The address of a page begins with `/demo/-/semsearch/`, for example
`/demo/-/semsearch/docs_lsa/components`. If a page is not found, run the command of its row first. GloVe,
word2vec, `contrast`, `masked` and the networks for images need the extra `torch`. In Datasette this guide is the page
`/-/semsearch/lecture`. "How this works" on each page links to its row.
"""


def lecture_page() -> str:
    """One table for each part of the lecture, a row for each technique."""
    text = NOTE + LECTURE
    for part in GUIDE:
        text += f"\n## {part.title}\n\n| technique | what it is | command | page | what to look at |\n"
        text += "| --- | --- | --- | --- | --- |\n"
        for row in part.techniques:
            what = f"{row.what}" + "".join(f"<br>{code(line)}" for line in row.formulas)
            page = f"*{row.page_name}*: {code(row.page)}"
            cells = (f'<a id="{row.key}"></a>**{row.name}**', what, code(row.command), page, row.look_at)
            text += "| " + " | ".join(cells) + " |\n"
    return text


def glossary_page() -> str:
    """A paragraph for each term, with an anchor."""
    text = NOTE + "\n# Glossary\n\nThe terms in pages, docs and the output of commands.\n"
    for term in GLOSSARY:
        formula = f" {code(term.formula)}" if term.formula else ""
        text += f'\n<a id="{term.key}"></a>**{term.name}.** {term.text}{formula}\n'
    return text


METRICS = """
# What the metrics mean

`semsearch runs DB RUN`, the page *Runs* and `semsearch evaluate` show these numbers. JSON has them under their keys.
`semsearch runs DB RUN --json` also has the columns of this table under `meanings`. Metrics of plugins are declared by
their builders ([plugins.md](plugins.md)).
"""


def metrics_page() -> str:
    """A table for each group of metrics, with an anchor for each metric of a run."""
    text = NOTE + METRICS
    for title, group in (*RUN_GROUPS.items(), *EVALUATION_GROUPS.items()):
        text += f"\n## {title}\n\n| name | key | what it measures | range | better |\n| --- | --- | --- | --- | --- |\n"
        anchored = title in RUN_GROUPS and title != "Updates"
        text += "".join(_metric_row(metric, anchored) for metric in group)
    return text


def _metric_row(metric: Metric, anchored: bool) -> str:
    anchor = f'<a id="{metric.key}"></a>' if anchored else ""
    term = f" [{TERMS[metric.term].name}](glossary.md#{metric.term})" if metric.term else ""
    scale = f"{metric.range}, in {metric.unit}" if metric.range and metric.unit else metric.range or metric.unit
    cells = (f"{anchor}{metric.name}", f"`{metric.key}`", metric.what + term, scale, metric.better or "")
    return f"| {' | '.join(cells)} |\n"


API = """
# JSON and CSV of the pages

Each page answers as JSON if `.json` is added to its path, and the lists of results as CSV if `.csv` is added. The
arguments are those of the page. `/-/semsearch/openapi.json` of a running Datasette describes the same addresses in the
OpenAPI 3.1 format. Names in a path are tilde-encoded, as Datasette does it.

Every JSON answer holds `"ok": true`. An error holds `"ok": false` and says in `error` what was wrong, with status 400
for an argument, 403 for a missing permission, 404 for something that does not exist, and 503 for a file that cannot be
read. Lists hold `next_url`, the address of the next part, or null. Data of a table is returned only to users who
may see it.

```
curl 'http://127.0.0.1:8001/demo/-/semsearch/docs_lsa.json?q=sorting+a+list&k=3'
```

| path | what | arguments |
| --- | --- | --- |
"""


def api_page() -> str:
    """A row for each endpoint."""
    text = NOTE + API
    for each in ENDPOINTS:
        paths = f"`{each.path}.json`" + (" `.csv`" if each.csv else "")
        text += f"| {paths} | {each.summary} | {'<br>'.join(map(_argument, each.parameters))} |\n"
    return text


def _argument(each: Parameter) -> str:
    choices = f" One of {', '.join(each.choices)}." if each.choices else ""
    limits = [f"{bound:g}" for bound in (each.least, each.most) if bound is not None]
    bounds = f" {limits[0]} to {limits[1]}." if len(limits) == 2 else f" At least {limits[0]}." if limits else ""
    default = f" Default: {each.default}." if each.default is not None else ""
    return f"`{each.name}`: {each.text}{choices}{bounds}{default}"


def code(text: str) -> str:
    """Inline code for a cell of a Markdown table, in which a bar would end the cell."""
    return "`" + text.replace("|", "\\|") + "`"


def main() -> None:
    """Write the pages, or exit 1 if they differ from what would be written."""
    pages = {
        "lecture.md": lecture_page(),
        "glossary.md": glossary_page(),
        "metrics.md": metrics_page(),
        "api.md": api_page(),
        "cli.md": NOTE + "\n# Command reference\n\n" + help_of(assemble(), ["semsearch"]).rstrip() + "\n",
        "builders.md": builders_page(),
    }
    for name, text in pages.items():
        path = HERE / name
        if "--check" in sys.argv:
            if not path.exists() or path.read_text() != text:
                sys.exit(f"docs/{name} is out of date: run `make docs`")
        else:
            path.write_text(text)


if __name__ == "__main__":
    main()
