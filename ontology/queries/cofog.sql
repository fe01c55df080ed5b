SELECT m.cofog, CASE $lang WHEN 'en' THEN c.label_en ELSE c.label_zh END AS name, CASE $lang WHEN 'en' THEN d.label_en ELSE d.label_zh END AS certainty, sum(l.amount) AS yuan
FROM line l JOIN budget b ON b.id = l.budget AND b.year = l.year JOIN mapping m ON m."function" = l."function"
  JOIN cofog c ON c.notation = m.cofog JOIN certainty d ON d.notation = m.certainty
WHERE l.table_kind = 'general-expenditure' AND l.account = '_T' AND l.economic = '_T' AND l.amount IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM line o JOIN "function" f ON f.notation = o."function"
    WHERE o.budget = l.budget AND o.table_kind = 'general-expenditure' AND f.broader = l."function")
  AND ($year::INTEGER IS NULL OR b.year = $year)
GROUP BY ALL ORDER BY 1, 3
