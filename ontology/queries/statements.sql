SELECT budget, label, text, amount AS yuan, source_page AS page, source_line AS line
FROM statement WHERE amount IS NOT NULL AND ($budget::VARCHAR IS NULL OR budget = $budget)
ORDER BY budget, id
