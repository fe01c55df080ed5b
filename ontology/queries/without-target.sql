SELECT i.budget, p.name AS project, i.name AS indicator, i.target_text AS target, i.source_page AS page, i.source_line AS line
FROM indicator i LEFT JOIN project p ON p.id = i.project
WHERE i.target_value IS NULL AND ($budget::VARCHAR IS NULL OR i.budget = $budget)
ORDER BY i.budget, i.source_line, i.id
