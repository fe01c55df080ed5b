SELECT id AS budget, title, year, source_file AS file, source_size AS bytes, source_sha256 AS sha256
FROM budget WHERE ($year::INTEGER IS NULL OR year = $year) ORDER BY id
