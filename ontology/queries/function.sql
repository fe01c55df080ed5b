SELECT l.budget, b.department, b.year, CASE $lang WHEN 'en' THEN a.label_en ELSE a.label_zh END AS account, l.amount AS yuan
FROM line l JOIN budget b ON b.id = l.budget JOIN account a ON a.notation = l.account
WHERE l.table_kind = 'general-expenditure' AND l.economic = '_T' AND l.amount IS NOT NULL
  AND ($function::VARCHAR IS NULL OR l."function" = $function)
ORDER BY l.budget, l.amount DESC, l.id
