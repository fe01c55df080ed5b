SELECT CASE $lang WHEN 'en' THEN b.label_en ELSE b.label_zh END AS level_1, CASE $lang WHEN 'en' THEN k.label_en ELSE k.label_zh END AS level_2, count(*) AS indicators, sum(coalesce(i.weight, 0)) AS points
FROM indicator i JOIN indicator_kind k ON k.notation = i.kind LEFT JOIN indicator_kind b ON b.notation = k.broader
GROUP BY ALL ORDER BY 1 NULLS FIRST, 2
