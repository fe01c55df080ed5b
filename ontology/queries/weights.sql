SELECT p.budget, p.name AS project, count(*) AS indicators, sum(coalesce(i.weight, 0)) AS points
FROM indicator i JOIN project p ON p.id = i.project
WHERE ($budget::VARCHAR IS NULL OR p.budget = $budget)
GROUP BY p.budget, p.name, p.id ORDER BY (sum(coalesce(i.weight, 0)) = 100), p.budget, p.id
