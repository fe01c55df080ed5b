SELECT CASE $lang WHEN 'en' THEN k.label_en ELSE k.label_zh END AS "table", CASE $lang WHEN 'en' THEN s.label_en ELSE s.label_zh END AS state, count(*) AS budgets
FROM document_table t JOIN table_state s ON s.notation = t.state JOIN table_kind k ON k.notation = t.kind
GROUP BY ALL ORDER BY 1, budgets DESC, 2
