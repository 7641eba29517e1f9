"""The explorer's pages: one module a page, each with `show`."""
