// A user's list (see recommend/by_user) with the best reasons for each item, in one statement.
// A reason is an item of the user's history (train) that is similar in the active run, or linked in the knowledge
// graph, or an entity shared with items of the history. Its contribution ranks it, in 0..1: the similarity, or
// specificity * support / (support + 1), where support counts items of the history and specificity falls from 1 to 0
// as the entity's degree grows. Entities are met from the items' side only, so a hub costs what a rare one costs.
// The relation types are those of the data set: a program puts them in, a person edits the line `types` and the text.
// kind: read
// work: query
// types: DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE
:param dataset => 'demo';
:param user => 'demo/user/101';
:param k => 10;
:param reasons => 3;
:param history => 100;

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
// step: list
CALL (user, active, seen) {
  MATCH (user)-[listed:RECOMMENDED]->(item) WHERE listed.run = active AND NOT item IN seen
  WITH active, listed, item ORDER BY listed.rank LIMIT $k
  RETURN collect({item: item, score: listed.score, source: 'list of run ' + active}) AS list
}
// step: fall-back
OPTIONAL CALL (user, active, list) {
  UNWIND CASE WHEN size(list) < $k THEN [list] ELSE [] END AS found
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
  // step: vectors
  CALL (user, active, history, found) {
    UNWIND CASE WHEN size(found) < $k THEN history[..50] ELSE [] END AS liked
    MATCH (liked)-[:HAS_EMBEDDING]->(embedding:Embedding) WHERE embedding.run = active
    WITH collect(embedding.vector) AS vectors,
         head(collect([label IN labels(embedding) WHERE label =~ 'Embedding.+Item'][0])) AS label
    OPTIONAL MATCH (user)-[:HAS_EMBEDDING]->(own:Embedding) WHERE own.run = active
    WITH vectors, 'embedding_' + toLower(substring(label, 9, 12)) + '_item' AS index,
         CASE WHEN size(own.vector) = size(vectors[0]) THEN own.vector END AS own
    WHERE index IS NOT NULL
    WITH index, coalesce(own, [place IN range(0, size(vectors[0]) - 1) |
         reduce(total = 0.0, vector IN vectors | total + vector[place])]) AS vector
    CALL db.index.vector.queryNodes(index, $k + size(history) + size(found), vector) YIELD node, score
    MATCH (item:Item)-[:HAS_EMBEDDING]->(node)
    WHERE NOT item IN history AND NOT item IN [entry IN found | entry.item]
    WITH item, score ORDER BY score DESC, item.idx LIMIT $k
    RETURN collect({item: item, score: score, source: 'vectors of run ' + active}) AS near
  }
  WITH user, history, found + near AS found
  // step: live collaborative filtering
  CALL (user, history, found) {
    UNWIND CASE WHEN size(found) < $k THEN history[..50] ELSE [] END AS liked
    CALL (user, liked) {
      MATCH (liked)<-[:INTERACTED]-(other) WHERE user IS NULL OR other <> user
      WITH other LIMIT 15
      RETURN collect(other) AS others
    }
    UNWIND others AS other
    WITH other, sum(1 / sqrt(size(others))) AS weight
    WITH other, weight / sqrt(COUNT { (other)-[:INTERACTED]->() }) AS weight
    MATCH (other)-[:INTERACTED]->(item)
    WITH item, sum(weight) AS score
    WHERE NOT item IN history AND NOT item IN [entry IN found | entry.item]
    WITH item, score / sqrt(COUNT { (item)<-[:INTERACTED]-() }) AS score
    ORDER BY score DESC, item.idx LIMIT $k
    RETURN collect({item: item, score: score, source: 'live collaborative filtering'}) AS live
  }
  WITH history, found + live AS found
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
  RETURN (found + popular)[..$k] AS filled
}
WITH user, active, seen, coalesce(filled, list) AS list
// step: history for reasons
CALL (user, seen) {
  UNWIND CASE WHEN size(seen) > $history THEN [user] ELSE [] END AS owner
  MATCH (owner)-[had:INTERACTED]->(liked)
  WITH liked ORDER BY coalesce(had.at, 0) DESC, liked.idx LIMIT $history
  RETURN collect(liked) AS latest
}
WITH active, list, CASE WHEN size(seen) > $history THEN latest ELSE seen END AS history
CALL () {
  MATCH (dataset:Dataset {name: $dataset})
  RETURN dataset.items AS items, [(dataset)-[:HAS_RELATION]->(relation:Relation) |
         {type: relation.type, name: relation.name, sentence: relation.sentence}] AS relations
}
// step: facts of the list, each with the item's place in it
CALL (list) {
  UNWIND range(0, size(list) - 1) AS place
  WITH place, list[place].item AS item
  MATCH (item)-[fact:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity)
  RETURN collect(place) AS places, collect(fact) AS facts, collect(entity) AS entities
}
// step: what the history shares
CALL (history, entities) {
  UNWIND history AS item
  WITH item ORDER BY item.idx
  MATCH (item)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity) WHERE entity IN entities
  RETURN collect(entity) AS shared, collect(item) AS sharing
}
// step: reasons
CALL (list, places, facts, entities, shared, sharing, history, active, items, relations) {
  CALL (list, places, facts, entities, shared, sharing, history, active, items) {
    CALL (places, facts, entities, shared, sharing, history) {
      UNWIND range(0, size(shared) - 1) AS at
      RETURN shared[at] AS entity, sharing[at] AS liked, null AS place, null AS fact
      UNION ALL
      UNWIND [at IN range(0, size(facts) - 1) WHERE entities[at] IN shared OR entities[at] IN history] AS at
      WITH at ORDER BY type(facts[at])
      RETURN entities[at] AS entity, null AS liked, places[at] AS place, facts[at] AS fact
    }
    WITH entity, collect(DISTINCT liked) AS liked, collect(place) AS linked, collect(fact) AS links
    WITH entity, liked, linked, links, COUNT { (entity)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-() } AS degree
    WITH entity, liked, linked, links,
         CASE WHEN degree > items THEN 0.0 ELSE 1 - log(degree) / log(1 + items) END AS specificity
    UNWIND [at IN range(0, size(links) - 1) WHERE NOT linked[at] IN linked[..at]] AS at
    UNWIND CASE WHEN entity IN history THEN ['shared entity', 'linked item'] ELSE ['shared entity'] END AS kind
    WITH linked[at] AS place, kind, links[at] AS fact, specificity, entity.idx AS idx,
         CASE kind WHEN 'shared entity' THEN entity END AS entity,
         CASE kind WHEN 'shared entity' THEN liked ELSE [entity] END AS liked
    WHERE size(liked) > 0
    RETURN place, kind, entity, liked, fact, idx, specificity *
           CASE kind WHEN 'shared entity' THEN size(liked) / (size(liked) + 1.0) ELSE 0.5 END AS contribution
    UNION ALL
    UNWIND range(0, size(list) - 1) AS place
    WITH place, list[place].item AS item
    MATCH (item)-[similar:SIMILAR_TO]->(liked) WHERE liked IN history AND similar.run = active
    RETURN place, 'similar item' AS kind, null AS entity, [liked] AS liked, null AS fact, liked.idx AS idx,
           similar.score AS contribution
    UNION ALL
    // one row for every place, so that an item without reasons stays in the list
    UNWIND range(0, size(list) - 1) AS place
    RETURN place, null AS kind, null AS entity, null AS liked, null AS fact, null AS idx, -1 AS contribution
  }
  WITH place, kind, entity, liked, fact, contribution, idx ORDER BY contribution DESC, kind, idx
  WITH place, collect([kind, entity, liked, fact, contribution])[..$reasons] AS best
  UNWIND CASE WHEN $reasons > 0 THEN best ELSE [null] END AS reason
  WITH place, reason[0] AS kind, reason[1] AS entity, reason[2] AS liked, reason[3] AS fact, reason[4] AS contribution
  // in words
  WITH place, kind, entity, size(liked) AS support, contribution, type(fact) AS type,
       startNode(fact) AS head, endNode(fact) AS tail,
       head([relation IN relations WHERE relation.type = type(fact)]) AS relation,
       [node IN liked[..3] | {key: node.key, name: coalesce(node.name, node.key)}] AS examples
  WITH place, kind, entity, support, contribution, relation, examples, replace(replace(
         coalesce(relation.sentence, '{head} ' + toLower(replace(type, '_', ' ')) + ' {tail}'),
         '{head}', coalesce(head.name, head.key)), '{tail}', coalesce(tail.name, tail.key)) AS sentence
  WITH place, kind, entity, support, contribution, relation, examples,
       CASE WHEN sentence ENDS WITH '.' THEN left(sentence, size(sentence) - 1) ELSE sentence END AS fact
  RETURN place, collect(CASE WHEN kind IS NOT NULL THEN {
    kind: kind, contribution: round(contribution, 4), support: support, liked: examples,
    entity: CASE WHEN entity IS NULL THEN null ELSE {key: entity.key, name: coalesce(entity.name, entity.key)} END,
    relation: relation.name,
    text: CASE kind WHEN 'similar item' THEN 'similar to ' + examples[0].name
                    WHEN 'linked item' THEN fact
                    ELSE fact + ', as with ' + reduce(names = examples[0].name, other IN examples[1..] |
                         names + ', ' + other.name) +
                         CASE WHEN support > 3 THEN ' and ' + (support - 3) + ' more' ELSE '' END END
  } END) AS reasons
}
WITH place + 1 AS rank, list[place] AS entry, reasons
RETURN rank, entry.item.key AS item, entry.item.name AS name, entry.score AS score, entry.source AS source, reasons
ORDER BY rank;
