SELECT l.budget, b.year, CASE $lang WHEN 'en' THEN i.label_en ELSE i.label_zh END AS source, CASE $lang WHEN 'en' THEN f.label_en ELSE f.label_zh END AS fund, l.amount AS yuan
FROM line l JOIN budget b ON b.id = l.budget JOIN line_item i ON i.notation = l.item JOIN fund f ON f.notation = l.fund
WHERE l.table_kind = 'income-expenditure' AND l.operation = 'revenue' AND l.amount IS NOT NULL
  AND ($budget::VARCHAR IS NULL OR l.budget = $budget) AND ($year::INTEGER IS NULL OR b.year = $year)
ORDER BY l.budget, l.amount DESC, l.id
