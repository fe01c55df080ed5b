SELECT t.budget, t.position, t.title AS "table", CASE $lang WHEN 'en' THEN s.label_en ELSE s.label_zh END AS state, t.row_count AS rows
FROM document_table t JOIN table_state s ON s.notation = t.state
WHERE ($budget::VARCHAR IS NULL OR t.budget = $budget)
ORDER BY t.budget, t.position
