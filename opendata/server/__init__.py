"""A site over a store: SPARQL endpoint, linked data, downloads, pages. Needs the extra `serve`."""
