"""Tools for language models: plain functions that answer about one collection, with answers of bounded size.

`toolbox.TOOLS` lists them. Three doors offer them: `semsearch mcp` (stdio), the Datasette plugin (datasette-mcp and
datasette-agent), and the `llm` package (llm_tools). A door finds the collection for its caller and says which rows it
may see. None of the tools writes.
"""
