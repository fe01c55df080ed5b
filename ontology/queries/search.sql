WITH found AS (
  SELECT budget, 'project' AS kind, id, name AS text, source_page, source_line FROM project
  UNION ALL SELECT budget, 'goal', id, text, source_page, source_line FROM goal
  UNION ALL SELECT budget, 'indicator', id, name, source_page, source_line FROM indicator
  UNION ALL SELECT budget, 'section', id, text, source_page, source_line FROM section
)
SELECT budget, kind, id AS record, text, source_page AS page, source_line AS line
FROM found WHERE contains(text, $words) AND ($budget::VARCHAR IS NULL OR budget = $budget)
ORDER BY budget, kind, id
