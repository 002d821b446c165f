"""The pages that browser tests open, and how they read them."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

PHONE = 360  # pixels: the narrowest phone in use
ARTICLES = "/library/-/semsearch/articles_lsa"
WORDS = "/library/-/semsearch/articles_lsa_words"
PEOPLE = "/library/-/semsearch/people_netmf"
SHAPES = "/library/-/semsearch/shapes_pca"

# What sticks out, to be read in the failure.
WIDE = f"""[...document.querySelectorAll('*')].filter(it => it.getBoundingClientRect().right > {PHONE} + 0.5)
    .map(it => it.tagName + '.' + it.className).slice(0, 5)"""


TITLES = ".sem-card h3 a"
scripts = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])


def path_of(page) -> str:
    return urlsplit(page.url).path


def titles(page) -> list[str]:
    return page.locator(TITLES).all_inner_texts()
