WITH spent AS (
  SELECT b.organization, b.department, b.phase, b.year, l."function", l.amount
  FROM line l JOIN budget b ON b.id = l.budget
  WHERE l.table_kind = 'general-expenditure' AND l.account = '_T' AND l.economic = '_T' AND length(l."function") = 3 AND l.amount IS NOT NULL
)
SELECT two.department, one."function", CASE $lang WHEN 'en' THEN c.label_en ELSE c.label_zh END AS name, one.year AS before, two.year AS after,
  one.amount AS yuan_before, two.amount AS yuan_after, two.amount - one.amount AS change
FROM spent one JOIN spent two ON two.organization = one.organization AND two.phase = one.phase AND two.year = one.year + 1 AND two."function" = one."function"
  JOIN "function" c ON c.notation = one."function"
WHERE ($department::VARCHAR IS NULL OR two.department = $department)
ORDER BY two.department, one.year, one."function"
