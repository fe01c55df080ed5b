SELECT CASE $lang WHEN 'en' THEN s.label_en ELSE s.label_zh END AS severity, f.rule, count(*) AS findings, min(CASE $lang WHEN 'en' THEN f.message_en ELSE f.message_zh END) AS example
FROM finding f JOIN severity s ON s.notation = f.severity
WHERE ($budget::VARCHAR IS NULL OR f.budget = $budget)
GROUP BY ALL ORDER BY 1, findings DESC, f.rule
