// Are the profiles up to date? Each row is a check and the number of findings; examples are keys. Whether that which a
// profile was written from has changed since is not in the graph: `spikegraph profile status` compares it.
// kind: read
// work: long
:param dataset => 'demo';

MATCH (dataset:Dataset {name: $dataset})
OPTIONAL MATCH (dataset)-[:HAS_PROFILE_RUN]->(profiles:ProfileRun)
OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  RETURN run ORDER BY run.activation DESC LIMIT 1
}
CALL (dataset, profiles, run) {
  MATCH (node:User|Entity) WHERE node.dataset = $dataset AND node.idx >= 0 AND node.profile_run <> profiles.id
  WITH count(node) AS findings, min(node.key) AS example
  RETURN 'profile of another set than the active one' AS check, findings, example
  UNION ALL
  MATCH (node:Entity) WHERE node.dataset = $dataset AND node.idx >= 0 AND node:Item AND node.profile IS NULL
  WITH count(node) AS findings, min(node.key) AS example
  RETURN 'item without a profile' AS check, findings, example
  UNION ALL
  MATCH (node:User) WHERE node.dataset = $dataset AND node.idx >= 0 AND node.profile IS NULL
  WITH count(node) AS findings, min(node.key) AS example
  RETURN 'user without a profile' AS check, findings, example
  UNION ALL
  WITH profiles, dataset WHERE profiles.split_id <> dataset.split_id
  WITH count(*) AS findings, min(profiles.id) AS example
  RETURN 'profiles were written on another split' AS check, findings, example
  UNION ALL
  WITH profiles WHERE any(part IN profiles.exposed_to WHERE part <> 'train')
  WITH count(*) AS findings, min(profiles.id) AS example
  RETURN 'profiles may have seen held-out pairs' AS check, findings, example
  UNION ALL
  WITH profiles, run WHERE run.profile_run <> profiles.id
  WITH count(*) AS findings, min(run.id) AS example
  RETURN 'the active run was trained with other profiles' AS check, findings, example
}
RETURN check, findings, example
ORDER BY findings DESC, check LIMIT 20;
