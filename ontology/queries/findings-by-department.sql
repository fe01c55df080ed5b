SELECT b.department, b.year, b.id AS budget,
  count(f.id) FILTER (f.severity = 'error') AS errors, count(f.id) FILTER (f.severity = 'warning') AS warnings, count(f.id) FILTER (f.severity = 'note') AS notes
FROM budget b LEFT JOIN finding f ON f.budget = b.id
WHERE ($year::INTEGER IS NULL OR b.year = $year)
GROUP BY ALL ORDER BY errors DESC, warnings DESC, b.id
