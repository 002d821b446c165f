"""Planted texts and graphs, with a known answer: two topics, analogies, communities."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from semsearch.maths.graphs import adjacency
from semsearch.records import Dataset
from semsearch.storage import connect, datasets, keys
from semsearch.storage.driver import Connection

# Two topics; within each, some documents share no word and are near only through the company their words keep.
SPACE = (
    ("Apollo", "the rocket left its launch pad and the astronauts reached orbit around the moon"),
    ("Shuttle", "astronauts aboard a shuttle circled in orbit above the earth after launch"),
    ("Station", "the orbit of a station lets astronauts watch the moon and the earth"),
    ("Booster", "a rocket booster burns fuel during launch"),
    ("Lander", "the lander touched the moon with little fuel left in its rocket"),
    ("Capsule", "astronauts returned to earth in a capsule after one orbit"),
)
BREAD = (
    ("Sourdough", "bakers feed flour and water to a starter before they knead the dough"),
    ("Baguette", "a baguette is dough of flour water salt and yeast baked in a hot oven"),
    ("Rye", "rye flour makes a heavy dough that bakers leave to rise with yeast"),
    ("Crust", "steam in the oven gives bread baked at high heat a crust"),
    ("Brioche", "butter and yeast enrich the dough before it is baked in an oven"),
    ("Kneading", "knead flour and salt with water until the bread can rise"),
)
TOPICS = SPACE + BREAD


def make_articles(db: Connection, rows: tuple[tuple[str, str], ...] = TOPICS) -> Dataset:
    """A table `articles` (id, title, body), registered."""
    db.execute("create table articles (id integer primary key, title text, body text)")
    db.executemany("insert into articles (title, body) values (?, ?)", rows)
    draft = datasets.draft(keys.shape_of(db, "articles"), text_columns=["body"], title_column="title")
    with connect.transaction(db):
        return datasets.save(db, draft)


PAIRS = {"ruler": ("king", "queen"), "adult": ("man", "woman"), "kin": ("uncle", "aunt"), "child": ("boy", "girl")}
SIGNS = {
    "ruler": "crown throne palace",
    "adult": "work vote car",
    "kin": "visit gift cousin",
    "child": "toy play school",
}
GENDER = ("he his beard", "she her dress")


def sentences() -> list[str]:
    """Every word keeps the company of its kind and of its gender, and of nothing else."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(150):
        for kind, names in PAIRS.items():
            for gender, name in enumerate(names):
                company = [*rng.choice(SIGNS[kind].split(), 2), *rng.choice(GENDER[gender].split(), 2)]
                rng.shuffle(company)
                found.append(" ".join([*company[:2], name, *company[2:]]))
    return found


def communities(rng: np.random.Generator, n: int = 240, blocks: int = 4) -> tuple[sp.csr_matrix, np.ndarray]:
    """Nodes in blocks, an edge with chance 0.2 inside a block and 0.02 between two."""
    of = np.arange(n) % blocks
    chance = np.where(of[:, None] == of, 0.2, 0.02)
    joined = np.triu(rng.random((n, n)) < chance, 1)
    source, target = np.nonzero(joined)
    return adjacency(source, target, np.ones(len(source)), n, directed=False), of


def purity(vectors: np.ndarray, of: np.ndarray) -> float:
    """How many of each node's ten nearest others are of its block."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -2)
    nearest = np.argsort(-cosines, axis=1)[:, :10]
    return float((of[nearest] == of[:, None]).mean())
