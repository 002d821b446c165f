"""The ordered schema changes of a semsearch file."""

SET, TABLE = "semsearch", "_sqlite_migrations"  # the name of the set, and the table in which sqlite-utils records it
NAMES = (
    "m001_datasets",
    "m002_collections",
    "m003_revisions",
    "m004_edges",
    "m005_pictures",
    "m006_inputs",
    "m007_image_column",
    "m008_sources",
    "m009_tokens",
    "m010_languages",
    "m011_results",
)  # in order: readers compare them with a file's, without importing sqlite-utils
