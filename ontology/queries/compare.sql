SELECT b.department, b.year, b.phase,
  (SELECT max(amount) FROM line l WHERE l.budget = b.id AND l.item = 'income-total') AS income,
  (SELECT max(amount) FROM line l WHERE l.budget = b.id AND l.table_kind = 'general-expenditure' AND l."function" = '_T') AS expenditure,
  (SELECT max(amount) FROM line l WHERE l.budget = b.id AND l.table_kind = 'three-public' AND l.item = 'three-public') AS three_public,
  b.id AS budget
FROM budget b WHERE ($year::INTEGER IS NULL OR b.year = $year)
ORDER BY income DESC NULLS LAST, b.id
