// A user's list re-ranked so that it is not all alike: at most $cap items for each entity that facts of the types
// $relations link them with (of any type where the list is empty): two films of a director, three of a genre.
// The items are taken in their order, one that would be too many for an entity is passed over. First from the active
// run's list, then similar to the history, then popular in train; only where these do not give k, those passed over
// come back, and their `source` ends with `above the cap`. An item without such facts is never too many.
// The relation types are those of the data set: a program puts them in, a person edits the line `types` and the text.
// kind: read
// work: query
// types: DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 10;
:param relations => ['DIRECTED_BY'];
:param cap => 1;

// step: active run
OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH run ORDER BY run.activation DESC LIMIT 1
  RETURN run.id AS active
}
// step: user
OPTIONAL MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
CALL (user) {
  MATCH (user)-[:INTERACTED]->(item)
  RETURN collect(item) AS seen
}
CALL (user, active, seen) {
  MATCH (user)-[listed:RECOMMENDED]->(item) WHERE listed.run = active AND NOT item IN seen
  WITH active, listed, item ORDER BY listed.rank LIMIT $k + 100
  RETURN collect({item: item, score: listed.score, source: 'list of run ' + active}) AS found
}
// step: history, the latest first
CALL (user) {
  MATCH (user)-[had:INTERACTED]->(item)
  WITH item ORDER BY coalesce(had.at, 0) DESC, item.idx
  RETURN collect(item) AS history
}
// step: similar to the history
CALL (active, history, found) {
  WITH history + [entry IN found | entry.item] AS taken
  UNWIND range(0, size(history[..50]) - 1) AS age
  WITH history[age] AS liked, 0.9 ^ age AS weight, taken
  MATCH (liked)-[similar:SIMILAR_TO]->(item) WHERE NOT item IN taken AND similar.run = active
  WITH item, sum(similar.score * weight) AS score ORDER BY score DESC, item.idx LIMIT $k
  RETURN collect({item: item, score: score, source: 'similar to the history, run ' + active}) AS similar
}
WITH user, active, history, found + similar AS found
CALL (history, found) {
  MATCH (item:Item) WHERE item.dataset = $dataset AND item.train_users >= 0
    AND NOT item IN history AND NOT item IN [entry IN found | entry.item]
  WITH item ORDER BY item.dataset DESC, item.train_users DESC, item.idx LIMIT $k
  RETURN collect({item: item, score: toFloat(item.train_users), source: 'popular in train'}) AS popular
}
CALL (found, popular) {
  UNWIND found + popular AS entry
  WITH entry, entry.item AS item
  RETURN collect({entry: entry, entities: COLLECT {
    MATCH (item)-[fact:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity)
    WHERE size($relations) = 0 OR type(fact) IN $relations
    RETURN DISTINCT entity
  }}) AS candidates
}
WITH reduce(state = {taken: [], met: [], passed: []}, candidate IN candidates |
  CASE WHEN size(state.taken) = $k THEN state
       WHEN any(entity IN candidate.entities WHERE size([met IN state.met WHERE met = entity]) >= $cap)
       THEN {taken: state.taken, met: state.met, passed: state.passed + [candidate.entry]}
       ELSE {taken: state.taken + [candidate.entry], met: state.met + candidate.entities, passed: state.passed} END
) AS state
WITH (state.taken + [entry IN state.passed |
       {item: entry.item, score: entry.score, source: entry.source + ', above the cap'}])[..$k] AS list
UNWIND range(0, size(list) - 1) AS place
WITH place + 1 AS rank, list[place] AS entry
RETURN rank, entry.item.key AS item, entry.item.name AS name, entry.score AS score, entry.source AS source
ORDER BY rank;
