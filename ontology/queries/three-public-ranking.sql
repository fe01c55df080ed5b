SELECT b.department, b.year, l.budget, max(l.amount) AS yuan
FROM line l JOIN budget b ON b.id = l.budget
WHERE l.table_kind = 'three-public' AND l.item = 'three-public' AND l.amount IS NOT NULL AND ($year::INTEGER IS NULL OR b.year = $year)
GROUP BY ALL ORDER BY yuan DESC, l.budget
