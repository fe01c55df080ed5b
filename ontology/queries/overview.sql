SELECT b.id AS budget, b.department, b.year,
  (SELECT count(*) FROM project p WHERE p.budget = b.id) AS projects,
  (SELECT count(*) FROM indicator i WHERE i.budget = b.id) AS indicators,
  (SELECT count(*) FROM statement s WHERE s.budget = b.id) AS statements,
  (SELECT count(*) FROM finding f WHERE f.budget = b.id AND f.severity = 'warning') AS warnings
FROM budget b WHERE ($year::INTEGER IS NULL OR b.year = $year)
ORDER BY b.id
