SELECT budget, name, amount AS yuan,
  CAST(100.0 * amount::DOUBLE / (sum(amount) OVER (PARTITION BY budget))::DOUBLE AS DECIMAL(9, 2)) AS share
FROM project WHERE amount IS NOT NULL AND ($budget::VARCHAR IS NULL OR budget = $budget)
QUALIFY sum(amount) OVER (PARTITION BY budget) > 0
ORDER BY budget, amount DESC, id
