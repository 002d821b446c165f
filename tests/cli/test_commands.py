"""Every verb on a real file, from ingest to drop, through the command itself."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlite_utils
from click.testing import Result
from semsearch_migrations.migrations import migrations

from semsearch.storage import connect
from semsearch.storage.driver import sqlite3
from tests.planted import SPACE, TOPICS

Run = Callable[..., Result]


@pytest.fixture
def news(run: Run, tmp_path: Path, path: str) -> str:
    """A database with the dataset `news` from jsonl, built."""
    source = tmp_path / "news.jsonl"
    source.write_text("\n".join(json.dumps({"title": title, "body": body}) for title, body in TOPICS))
    assert run("ingest", "documents", path, "news", source).exit_code == 0
    built = run("build", "lsa", path, "news", "--dim", 2)
    assert built.exit_code == 0, built.stderr
    assert "Built news_lsa: 12 documents, 2 dimensions" in built.stderr
    return path


@pytest.fixture
def own(path: str) -> str:
    """Somebody's own database, made by somebody else's program, with a table `articles`."""
    db = sqlite3.connect(path)
    db.execute("create table articles (id integer primary key, headline text, article text, year integer)")
    db.executemany("insert into articles (headline, article, year) values (?, ?, 2020)", TOPICS)
    db.commit()
    db.close()
    return path


def ok(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def test_index_is_all_a_person_needs(run: Run, own: str) -> None:
    result = ok(run("index", own, "articles"))
    assert "The column 'article' was chosen as the text" in result.stderr
    assert f"Next: semsearch search {own} articles_lsa" in result.stderr
    hits = json.loads(ok(run("search", own, "articles_lsa", "rocket launch", "--json")).stdout)
    assert hits[0]["row"]["headline"] in dict(SPACE)
    again = ok(run("index", own, "articles"))
    assert "The text is" not in again.stderr  # what was chosen once is not guessed again


def test_what_comes_next_is_an_update_once_something_is_built(run: Run, news: str, tmp_path: Path) -> None:
    more = tmp_path / "news.jsonl"  # read again, with another text
    more.write_text(json.dumps({"title": "Orbit", "body": "a rocket in orbit around the moon"}))
    assert f"Next: semsearch update {news}\n" in ok(run("ingest", "documents", news, "news", more)).stderr
    assert f"Next: semsearch build {news} other\n" in ok(run("ingest", "documents", news, "other", more)).stderr


def test_a_build_says_what_it_replaces(run: Run, news: str) -> None:
    again = ok(run("build", "lsa", news, "news", "--dim", 3)).stderr
    assert "Built news_lsa: 12 documents, 3 dimensions (replaces the collection of run 1)\n" in again
    assert "replaces" not in ok(run("build", "lsa", news, "news", "--name", "other")).stderr


def test_builders_fit_a_terminal_and_are_told_whole_as_data(run: Run) -> None:
    lines = ok(run("builders")).stdout.splitlines()
    assert max(map(len, lines)) < 100 and any(line.startswith("pca") for line in lines)
    told = {row["name"]: row for row in json.loads(ok(run("builders", "--json")).stdout)}
    assert "variance" in told["pca"]["options"]


def test_what_people_try_leads_to_what_there_is(run: Run) -> None:
    for verb in ("list", "ls"):
        done = run(verb, "x.db")
        assert done.exit_code == 2 and "`semsearch datasets DB`, `collections DB`" in done.stderr


def test_a_search_has_the_fields_of_the_contract(run: Run, news: str) -> None:
    hits = json.loads(ok(run("search", news, "news_lsa", "yeast", "-k", 3, "--json")).stdout)
    assert len(hits) == 3
    expected = {"id", "score", "vector_score", "vector_rank", "text_score", "text_rank", "distance", "row"}
    assert set(hits[0]) == expected
    assert set(hits[0]["row"]) == {"id", "title", "body"}


def test_shapes_of_output_agree(run: Run, news: str) -> None:
    arguments = ("search", news, "news_lsa", "yeast", "-k", 4)
    as_json = json.loads(ok(run(*arguments, "--json")).stdout)
    as_csv = list(csv.DictReader(io.StringIO(ok(run(*arguments, "--csv")).stdout)))
    assert [row["title"] for row in as_csv] == [hit["row"]["title"] for hit in as_json]
    table = ok(run(*arguments, "--table")).stdout
    assert table.splitlines()[0].split()[:2] == ["id", "score"]
    readable = ok(run(*arguments)).stdout
    assert [hit["row"]["title"] in readable for hit in as_json] == [True] * 4


def test_misspelled_words_are_replaced_with_a_remark(run: Run, news: str) -> None:
    done = ok(run("search", news, "news_lsa", "yaest", "--json"))
    assert json.loads(done.stdout) == json.loads(ok(run("search", news, "news_lsa", "yeast", "--json")).stdout)
    assert "news_lsa has no word 'yaest': the results are for 'yeast'" in done.stderr
    as_written = ok(run("search", news, "news_lsa", "yaest moon", "--no-typos", "--json"))
    assert json.loads(as_written.stdout) == json.loads(ok(run("search", news, "news_lsa", "moon", "--json")).stdout)
    assert "news_lsa has no word 'yaest moon'" not in as_written.stderr


def test_query_from_standard_input(run: Run, news: str) -> None:
    hits = json.loads(ok(run("search", news, "news_lsa", "-", "--json", input="moon\n")).stdout)
    assert hits[0]["row"]["title"] in dict(SPACE)


def test_similar_and_unlike(run: Run, news: str) -> None:
    farthest = json.loads(ok(run("similar", news, "news_lsa", 1, "-k", 11, "--json")).stdout)[-1]["id"]
    unlike = json.loads(ok(run("similar", news, "news_lsa", 1, "--unlike", farthest, "--json")).stdout)
    assert farthest not in [hit["id"] for hit in unlike]
    assert "nothing is left" in run("similar", news, "news_lsa", 1, "--unlike", 1).stderr


def test_similar_by_id_and_by_word(run: Run, news: str) -> None:
    hits = json.loads(ok(run("similar", news, "news_lsa", 1, "-k", 5, "--json")).stdout)
    assert {hit["row"]["title"] for hit in hits} == set(dict(SPACE)) - {"Apollo"}
    words = json.loads(ok(run("similar", news, "news_lsa_words", "yeast", "-k", 3, "--json")).stdout)
    assert len(words) == 3 and {"word", "term", "count", "documents"} == set(words[0]["row"])


@pytest.mark.parametrize(
    ("verb", "column", "value"),
    [
        ("datasets", "name", "news"),
        ("collections", "name", "news_lsa"),
        ("runs", "builder", "lsa"),
        ("builders", "name", "lsa"),
    ],
)
def test_listings(run: Run, news: str, verb: str, column: str, value: str) -> None:
    command = [verb] if verb == "builders" else [verb, news]
    as_json = json.loads(ok(run(*command, "--json")).stdout)
    as_csv = list(csv.DictReader(io.StringIO(ok(run(*command, "--csv")).stdout)))
    assert value in [row[column] for row in as_json]
    assert [row[column] for row in as_csv] == [row[column] for row in as_json]
    head, _, *rows = ok(run(*command, "--table")).stdout.splitlines()
    assert column in head.split() and len(rows) >= len(as_json) and any(value in row.split() for row in rows)


def test_one_run_tells_its_options_and_metrics(run: Run, news: str) -> None:
    one = json.loads(ok(run("runs", news, 1, "--json")).stdout)
    assert one["options"]["dim"] == 2 and one["collections"] == ["news_lsa", "news_lsa_words"]
    assert 0 < one["metrics"]["captured_energy"] < 1 and "seconds_factoring" in one["metrics"]
    text = ok(run("runs", news, 1)).stdout
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert any(line.startswith("share of squared singular values kept 0.") for line in lines)
    assert any(line.startswith("time: weighting the counts ") for line in lines)
    assert "lower is better" in " ".join(lines)
    assert "stop_words = yes" in text and "dim = 2" in text and "min_df = automatic: 1" in text
    meaning = one["meanings"]["captured_energy"]
    assert meaning["name"] == "share of squared singular values kept" and meaning["range"] == "0 to 1"
    assert one["meanings"].keys() == one["metrics"].keys()
    assert not any(word in text for word in ("True", "False", "None", "captured_energy", "e+0"))


def test_drop_removes_what_is_ours_and_nothing_else(run: Run, news: str) -> None:
    refused = run("drop", news, "news_lsa_words")
    assert refused.exit_code == 1 and "drop news_lsa instead" in refused.stderr
    ok(run("drop", news, "news_lsa"))
    db = sqlite3.connect(news)
    names = {row[0] for row in db.execute("select name from sqlite_master")}
    assert "news" in names
    assert not [name for name in names if "vec_" in name or "vocabulary" in name or name == "news_lsa"]
    assert db.execute("select count(*) from _semsearch_models").fetchone()[0] == 0
    db.close()
    ok(run("build", news, "news"))
    ok(run("drop", news, "news"))
    db = sqlite3.connect(news)
    assert db.execute("select count(*) from news").fetchone()[0] == 12
    assert db.execute("select count(*) from sqlite_master where name like '%fts%'").fetchone()[0] == 0
    db.close()


def test_doctor_searches_for_real(run: Run, news: str) -> None:
    rows = json.loads(ok(run("doctor", news, "--json")).stdout)
    found = {row["check"]: row for row in rows}
    assert found["sqlite-vec"]["ok"] and "returns the nearest item" in found["sqlite-vec"]["found"]
    assert found["news_lsa"]["found"].startswith("12 of 12 vectors")


def test_doctor_says_what_is_wrong(run: Run, tmp_path: Path) -> None:
    letter = tmp_path / "letter.db"
    letter.write_text("not a database at all, just a long letter " * 100)
    result = run("doctor", letter)
    assert result.exit_code == 1 and "is not an SQLite database" in result.stdout


def test_migrate_upgrades_a_file_that_has_the_first_migration_only(run: Run, tmp_path: Path) -> None:
    path = str(tmp_path / "first.db")
    with connect.writing(path, create=True) as db:
        migrations.apply(sqlite_utils.Database(db), stop_before="m002_collections")
    said = ok(run("migrate", path)).stderr
    assert said.startswith("Applied m002_collections") and "up to date" in ok(run("migrate", path)).stderr


def test_drop_of_an_unknown_name_lists_collections_and_datasets(run: Run, news: str) -> None:
    done = run("drop", news, "nothing")
    assert done.exit_code == 1
    assert done.stderr == (
        "Error: No collection or dataset 'nothing': the collections are news_lsa and news_lsa_words, the datasets are"
        " news\n"
    )


def test_a_dataset_of_another_kind_names_builders_that_read_it(run: Run, news: str) -> None:
    done = run("build", "pca", news, "news")
    assert done.exit_code == 1 and done.stderr.startswith(
        "Error: pca reads images, but news contains documents: use lsa, "
    )


def test_truth_values_are_words_in_tables(run: Run, news: str) -> None:
    shown = ok(run("doctor", news)).stdout
    assert "True" not in shown and " yes " in shown
    assert all(check["ok"] is True for check in json.loads(ok(run("doctor", news, "--json")).stdout))


def test_migrate_says_what_it_did(run: Run, news: str, tmp_path: Path) -> None:
    assert "up to date" in ok(run("migrate", news)).stderr
    bare = str(tmp_path / "bare.db")
    sqlite3.connect(bare).close()
    assert "nothing to migrate" in ok(run("migrate", bare)).stderr
    with connect.writing(str(tmp_path / "old.db"), create=True) as db:
        migrations.apply(sqlite_utils.Database(db), stop_before="m007_image_column")
    said = ok(run("migrate", tmp_path / "old.db")).stderr
    assert "Applied m007_image_column" in said and "m006" not in said


def test_evaluate_retrieval(run: Run, news: str, tmp_path: Path) -> None:
    queries, qrels = tmp_path / "q.jsonl", tmp_path / "qrels.tsv"
    queries.write_text(
        '{"_id": "a", "text": "astronauts"}\n{"_id": "b", "text": "dough"}\n{"_id": "c", "text": "none"}\n'
    )
    pairs = (
        [("a", key, 1) for key in range(1, 7)] + [("b", key, 2) for key in range(7, 13)] + [("c", 1, 0), ("a", 9, -1)]
    )
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, pair)) for pair in pairs)]
    qrels.write_text("\n".join(lines))
    command = ("evaluate", "retrieval", news, "news_lsa", "--queries", queries, "--qrels", qrels, "--json")
    result = json.loads(ok(run(*command, "--mode", "vector")).stdout)
    assert result["map"] == pytest.approx(1) and result["p11"] == pytest.approx(1)
    assert result["ndcg_at_10"] == pytest.approx(1) and result["recall_at_100"] == 1
    assert (result["queries"], result["queries_without_relevant"]) == (2, 1)
    text = json.loads(ok(run(*command, "--mode", "text")).stdout)
    assert text["map"] < 1  # words alone miss the documents that only share company


def test_fit_weight_stores_the_weight_that_searches_use(run: Run, news: str, tmp_path: Path) -> None:
    words = ["astronauts", "dough"] * 10
    queries, qrels = tmp_path / "q.jsonl", tmp_path / "qrels.tsv"
    queries.write_text("".join(f'{{"_id": "{number}", "text": "{word}"}}\n' for number, word in enumerate(words)))
    qrels.write_text("".join(f"{number}\t{1 + 6 * (number % 2) + k}\t1\n" for number in range(20) for k in range(6)))
    command = ("evaluate", "retrieval", news, "news_lsa", "--queries", queries, "--qrels", qrels, "--fit-weight")
    fitted = json.loads(ok(run(*command, "--json")).stdout)
    assert fitted["queries"] == 20 and fitted["low"] <= fitted["weight"] <= fitted["high"]
    assert fitted["map"] >= fitted["map_before"]
    judged = json.loads(ok(run(*command[:-1], "--json")).stdout)
    assert judged["weight"] == fitted["weight"]
    refused = run(*command, "--mode", "text")
    assert refused.exit_code == 1 and "leave out --mode and --weight" in refused.stderr


def test_two_collections_of_one_dataset_stand_side_by_side(run: Run, news: str) -> None:
    ok(run("build", "lsa", news, "news", "--name", "other", "--dim", 3, "--no-stem"))
    names = [row["name"] for row in json.loads(ok(run("collections", news, "--json")).stdout)]
    assert names == ["news_lsa", "news_lsa_words", "other", "other_words"]


def test_the_same_seed_gives_the_same_bytes(run: Run, news: str) -> None:
    def stored() -> list[bytes]:
        db = sqlite3.connect(news)
        number = db.execute("select vector_table from _semsearch_collections where name = 'news_lsa'").fetchone()[0]
        found = [row[0] for row in db.execute(f"select vectors from _semsearch_vec_{number}_vector_chunks00")]
        db.close()
        return found

    before = stored()
    ok(run("build", "lsa", news, "news", "--dim", 2))
    assert stored() == before


def test_a_markdown_folder_becomes_a_dataset(run: Run, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    for title, body in TOPICS:
        (folder / f"{title}.md").write_text(f"# {title}\n\n{body}\n")
    ok(run("ingest", "documents", path, "notes", folder))
    ok(run("build", path, "notes"))
    hits = json.loads(ok(run("search", path, "notes_lsa", "rye flour", "-k", 1, "--json")).stdout)
    assert (hits[0]["id"], hits[0]["row"]["title"]) == ("Rye.md", "Rye")
