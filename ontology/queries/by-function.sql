SELECT l.budget, b.department, b.year, l."function", CASE $lang WHEN 'en' THEN c.label_en ELSE c.label_zh END AS name, l.amount AS yuan,
  CAST(100.0 * l.amount::DOUBLE / (sum(l.amount) OVER (PARTITION BY l.budget))::DOUBLE AS DECIMAL(9, 2)) AS share
FROM line l JOIN budget b ON b.id = l.budget JOIN "function" c ON c.notation = l."function"
WHERE l.table_kind = 'general-expenditure' AND l.account = '_T' AND l.economic = '_T' AND length(l."function") = 3
  AND l.amount IS NOT NULL AND ($budget::VARCHAR IS NULL OR l.budget = $budget) AND ($year::INTEGER IS NULL OR b.year = $year)
QUALIFY sum(l.amount) OVER (PARTITION BY l.budget) > 0
ORDER BY l.budget, l.amount DESC, l."function"
