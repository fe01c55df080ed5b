WITH RECURSIVE below AS (
  SELECT c.* FROM "function" c WHERE c.broader = $function
  UNION SELECT c.* FROM "function" c JOIN below b ON c.broader = b.notation
)
SELECT b.notation, CASE $lang WHEN 'en' THEN b.label_en ELSE b.label_zh END AS name FROM below b ORDER BY b.notation
