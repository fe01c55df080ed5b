WITH found AS (
  SELECT budget, id, name, source_page, source_line, amount FROM line
  UNION ALL SELECT budget, id, name, source_page, source_line, amount FROM project
  UNION ALL SELECT budget, id, label, source_page, source_line, amount FROM statement
)
SELECT f.budget, f.id AS record, f.name AS words, f.source_page AS page, f.source_line AS line, b.source_file AS file
FROM found f JOIN budget b ON b.id = f.budget
WHERE f.amount = $yuan::DECIMAL(38, 6) AND ($budget::VARCHAR IS NULL OR f.budget = $budget)
ORDER BY f.budget, f.source_line, f.id
