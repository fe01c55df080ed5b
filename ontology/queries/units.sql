SELECT i.unit, CASE $lang WHEN 'en' THEN u.label_en ELSE u.label_zh END AS name, count(*) AS indicators
FROM indicator i JOIN unit u ON u.notation = i.unit GROUP BY ALL ORDER BY indicators DESC, i.unit
