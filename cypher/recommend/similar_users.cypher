// The users that the active run holds most similar to a user, best first.
// kind: read
// work: query
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 10;

MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
WITH run ORDER BY run.activation DESC LIMIT 1
MATCH (user:User {key: $user})-[similar:SIMILAR_TO]->(other:User) WHERE similar.run = run.id
RETURN similar.rank AS rank, other.key AS user, other.name AS name, similar.score AS score,
       'similarity of run ' + run.id AS source
ORDER BY rank LIMIT $k;
