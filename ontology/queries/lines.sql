SELECT l.data_set AS budget, CASE $lang WHEN 'en' THEN k.label_en ELSE k.label_zh END AS "table", l.name AS line, CASE $lang WHEN 'en' THEN o.label_en ELSE o.label_zh END AS operation, l.amount AS yuan,
  l.source_page AS page, l.source_line AS place, l.source_cell AS cell
FROM line l JOIN table_kind k ON k.notation = l.table_kind JOIN operation_character o ON o.notation = l.operation
WHERE l.observation = 'Observation' AND ($budget::VARCHAR IS NULL OR l.data_set = $budget)
ORDER BY l.data_set, l.source_line, l.source_cell, l.id
