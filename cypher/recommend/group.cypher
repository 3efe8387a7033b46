// What to recommend to several users together, without what any of them has had. Each member ranks items: those
// of the list of the active run, behind them up to 200 similar to the history. An item's share for a member is 1 for
// the first of the ranking, falling in even steps to 0 behind the last; one that is not in it has 0. `mean` is the mean
// share of the members, `worst` the least. $by says which is the score: 'mean' or 'least misery', the other decides
// among equals. Where the rankings do not give k items, those popular in train fill up; `source` says which.
// kind: read
// work: query
:param dataset => 'demo';
:param users => ['demo/user/101', 'demo/user/102'];
:param k => 10;
:param by => 'mean';

// step: active run
OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH run ORDER BY run.activation DESC LIMIT 1
  RETURN run.id AS active
}
// step: members
CALL () {
  UNWIND $users AS key
  MATCH (user:User {key: key}) WHERE user.dataset = $dataset
  RETURN collect(DISTINCT user) AS members
}
CALL (members) {
  UNWIND members AS user
  MATCH (user)-[:INTERACTED]->(item)
  RETURN collect(DISTINCT item) AS seen
}
// step: rankings
CALL (members, active, seen) {
  UNWIND members AS user
  CALL (user, active, seen) {
    MATCH (user)-[listed:RECOMMENDED]->(item) WHERE listed.run = active AND NOT item IN seen
    WITH listed, item ORDER BY listed.rank LIMIT 100
    RETURN collect(item) AS list
  }
  CALL (user, active, seen, list) {
    CALL (user) {
      MATCH (user)-[had:INTERACTED]->(liked)
      WITH liked ORDER BY coalesce(had.at, 0) DESC, liked.idx LIMIT 50
      RETURN collect(liked) AS history
    }
    UNWIND range(0, size(history) - 1) AS age
    WITH history[age] AS liked, 0.9 ^ age AS weight
    MATCH (liked)-[similar:SIMILAR_TO]->(item) WHERE similar.run = active AND NOT item IN seen AND NOT item IN list
    WITH item, sum(similar.score * weight) AS score ORDER BY score DESC, item.idx LIMIT 200
    RETURN collect(item) AS similar
  }
  WITH user, size(list) AS listed, list + similar AS ranking
  UNWIND range(0, size(ranking) - 1) AS place
  WITH ranking[place] AS item, {user: user, rank: place + 1, share: 1 - toFloat(place) / size(ranking),
       source: CASE WHEN place < listed THEN 'list' ELSE 'similar to the history' END} AS entry
  WITH item, members, active, collect(entry) AS entries
  WITH item, entries, active, reduce(total = 0.0, entry IN entries | total + entry.share) / size(members) AS mean,
       CASE WHEN size(entries) < size(members) THEN 0.0
            ELSE reduce(least = 1.0, entry IN entries | CASE WHEN entry.share < least THEN entry.share ELSE least END)
            END AS worst
  WITH item, entries, active, mean, worst, CASE $by WHEN 'least misery' THEN worst ELSE mean END AS score
  ORDER BY score DESC, mean DESC, worst DESC, item.idx LIMIT $k
  RETURN collect({item: item, score: score, mean: mean, worst: worst, entries: entries,
                  source: 'rankings by run ' + active}) AS found
}
WITH members, seen AS history, found
// step: popular in train
CALL (history, found) {
  UNWIND CASE WHEN size(found) < $k THEN [0] ELSE [] END AS short
  CALL (history, found) {
    MATCH (item:Item) WHERE item.dataset = $dataset AND item.train_users >= 0
      AND NOT item IN history AND NOT item IN [entry IN found | entry.item]
    RETURN item ORDER BY item.dataset DESC, item.train_users DESC, item.idx LIMIT $k
  }
  RETURN collect({item: item, score: toFloat(item.train_users), source: 'popular in train'}) AS popular
}
WITH members, (found + popular)[..$k] AS list
UNWIND range(0, size(list) - 1) AS place
WITH place + 1 AS rank, list[place] AS entry, members
RETURN rank, entry.item.key AS item, entry.item.name AS name, entry.score AS score, entry.source AS source,
       entry.mean AS mean, entry.worst AS worst,
       [user IN members | {user: user.key, name: user.name,
        rank: [own IN entry.entries WHERE own.user = user | own.rank][0],
        source: [own IN entry.entries WHERE own.user = user | own.source][0]}] AS members
ORDER BY rank;
