// Users by key, by the key's end (`user/12`) or by their exact name.
// kind: read
// work: query
:param dataset => 'demo';
:param text => 'user/101';

CALL () {
  UNWIND [$text, $dataset + '/' + $text] AS key
  MATCH (user:User {key: key}) WHERE user.dataset = $dataset
  RETURN collect(DISTINCT user) AS by_key
}
CALL (by_key) {
  UNWIND CASE WHEN size(by_key) = 0 THEN [0] ELSE [] END AS nothing
  MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0 AND user.name = $text
  WITH user ORDER BY user.idx LIMIT 10
  RETURN collect(user) AS by_name
}
UNWIND by_key + by_name AS user
RETURN user.key AS key, user.name AS name;
