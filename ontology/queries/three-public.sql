SELECT l.budget, b.department, b.year, CASE $lang WHEN 'en' THEN i.label_en ELSE i.label_zh END AS item, l.amount AS yuan
FROM line l JOIN budget b ON b.id = l.budget JOIN line_item i ON i.notation = l.item
WHERE l.table_kind = 'three-public' AND l.amount IS NOT NULL
  AND ($budget::VARCHAR IS NULL OR l.budget = $budget) AND ($year::INTEGER IS NULL OR b.year = $year)
ORDER BY l.budget, l.amount DESC, l.id
