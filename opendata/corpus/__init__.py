"""Many documents -> packages, tables, graph, catalogue and a feed of what changed: one thing, kept up to date."""
