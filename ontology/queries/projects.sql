SELECT budget, id AS project, name, amount AS yuan,
  (SELECT count(*) FROM indicator i WHERE i.project = p.id) AS indicators
FROM project p WHERE ($budget::VARCHAR IS NULL OR budget = $budget)
ORDER BY amount DESC NULLS LAST, id
