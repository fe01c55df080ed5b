SELECT f.budget, CASE $lang WHEN 'en' THEN f.message_en ELSE f.message_zh END AS message, f.source_page AS page, f.source_line AS line, f.source_cell AS cell
FROM finding f WHERE ($rule::VARCHAR IS NULL OR f.rule = $rule)
ORDER BY f.budget, f.id
