// Users whose key or name looks like a text that named nobody: candidates for "did you mean".
// kind: read
// work: query
:param dataset => 'demo';
:param text => 'user/101';

MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
WITH user, toLower(coalesce(user.name, '')) AS name, toLower($text) AS text
WHERE name CONTAINS text OR text CONTAINS name AND size(name) > 2 OR left(name, 3) = left(text, 3)
   OR user.key STARTS WITH left($dataset + '/' + $text, size($dataset + '/' + $text) - 2)
RETURN user.key AS key, user.name AS name
ORDER BY abs(size(name) - size(text)), user.idx LIMIT 500;
