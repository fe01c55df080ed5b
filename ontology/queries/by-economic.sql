SELECT l.budget, l.economic, CASE $lang WHEN 'en' THEN c.label_en ELSE c.label_zh END AS name, sum(l.amount) AS yuan
FROM line l JOIN economic c ON c.notation = l.economic
WHERE l.table_kind = 'basic-expenditure' AND l.account = 'basic' AND length(l.economic) = 3 AND l.amount IS NOT NULL
  AND ($budget::VARCHAR IS NULL OR l.budget = $budget)
GROUP BY ALL ORDER BY l.budget, l.economic
