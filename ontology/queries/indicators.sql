SELECT p.name AS project, CASE $lang WHEN 'en' THEN k.label_en ELSE k.label_zh END AS kind, i.name AS indicator, i.comparison_text AS comparison, i.target_text AS target,
  i.unit_text AS unit, i.weight, i.source_line AS line
FROM indicator i JOIN indicator_kind k ON k.notation = i.kind LEFT JOIN project p ON p.id = i.project
WHERE ($budget::VARCHAR IS NULL OR i.budget = $budget)
ORDER BY i.budget, i.source_line, i.id
