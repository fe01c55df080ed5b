WITH income AS (
  SELECT b.id, b.organization, b.department, b.phase, b.year, max(l.amount) AS yuan
  FROM budget b JOIN line l ON l.budget = b.id AND l.item = 'income-total' AND l.amount IS NOT NULL GROUP BY ALL
)
SELECT two.department, one.phase, one.year AS before, two.year AS after, one.yuan AS yuan_before, two.yuan AS yuan_after,
  two.yuan - one.yuan AS change, CAST(100.0 * (two.yuan - one.yuan)::DOUBLE / one.yuan::DOUBLE AS DECIMAL(9, 2)) AS per_cent
FROM income one JOIN income two ON two.organization = one.organization AND two.phase = one.phase AND two.year = one.year + 1
WHERE one.yuan > 0 AND ($department::VARCHAR IS NULL OR two.department = $department)
ORDER BY two.department, one.year, one.phase
