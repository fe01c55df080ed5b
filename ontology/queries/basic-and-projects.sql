WITH total AS (
  SELECT budget, max(amount) FILTER (account = 'basic') AS basic, max(amount) FILTER (account = 'project') AS projects
  FROM line WHERE table_kind IN ('expenditure', 'income-expenditure') AND "function" = '_T' AND economic = '_T'
  GROUP BY budget
)
SELECT t.budget, b.department, b.year, t.basic, t.projects,
  CAST(100.0 * t.projects::DOUBLE / (t.basic + t.projects)::DOUBLE AS DECIMAL(9, 2)) AS share
FROM total t JOIN budget b ON b.id = t.budget
WHERE t.basic + t.projects > 0 AND ($year::INTEGER IS NULL OR b.year = $year)
ORDER BY t.budget
