SELECT t.budget, s.title AS section, t.label, t.text, t.source_line AS line
FROM statement t JOIN section s ON s.id = t.section
WHERE t.kind = 'blank' AND ($budget::VARCHAR IS NULL OR t.budget = $budget)
ORDER BY t.budget, t.source_line, t.id
