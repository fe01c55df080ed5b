SELECT a.label AS "function", a.amount AS yuan, s.value AS share
FROM statement a JOIN statement s ON s.budget = a.budget AND s.label = a.label AND s.source_line = a.source_line
WHERE a.measure = 'amount' AND s.measure = 'share' AND a.amount IS NOT NULL AND s.value IS NOT NULL
ORDER BY a.amount DESC, a.label, s.value
