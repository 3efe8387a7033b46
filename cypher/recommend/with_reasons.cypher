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

OPTIONAL CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset AND run.activation > 0
  WITH run ORDER BY run.activation DESC LIMIT 1
  RETURN run.id AS active
}
OPTIONAL MATCH (user:User {key: $user}) WHERE user.dataset = $dataset
CALL (user, active) {
  MATCH (user)-[listed:RECOMMENDED]->(item:Item) WHERE listed.run = active
  WITH listed, item ORDER BY listed.rank LIMIT $k
  RETURN collect({rank: listed.rank, item: item, score: listed.score, source: 'list of run ' + active}) AS list
}
CALL (user, list) {
  UNWIND CASE WHEN size(list) = 0 THEN [0] ELSE [] END AS nothing
  MATCH (item:Entity) WHERE item.dataset = $dataset AND item.idx >= 0 AND item:Item
  WITH user, item, COUNT { (item)<-[:INTERACTED]-() } AS users
  ORDER BY users DESC, item.idx LIMIT $k + 1000
  WITH item, users WHERE user IS NULL OR NOT EXISTS { (user)-[:INTERACTED]->(item) }
  WITH item, users ORDER BY users DESC, item.idx LIMIT $k
  WITH collect({item: item, users: users}) AS popular
  RETURN [place IN range(0, size(popular) - 1) | {rank: place + 1, item: popular[place].item,
          score: toFloat(popular[place].users), source: 'popular in train'}] AS popular
}
WITH user, active, list + popular AS list
CALL (user) {
  MATCH (user)-[seen:INTERACTED]->(liked:Item)
  WITH seen, liked ORDER BY coalesce(seen.at, 0) DESC, liked.idx LIMIT $history
  RETURN collect(liked) AS history
}
CALL () {
  MATCH (:Dataset {name: $dataset})-[:HAS_RELATION]->(relation:Relation)
  RETURN collect({type: relation.type, name: relation.name, sentence: relation.sentence}) AS relations
}
CALL () {
  MATCH (dataset:Dataset {name: $dataset})
  RETURN dataset.items AS items
}
CALL (list) {
  UNWIND list AS entry
  WITH entry.item AS item
  MATCH (item)-[fact:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity:Entity)
  WITH item, entity, fact ORDER BY type(fact)
  WITH item, entity, collect(fact)[0] AS fact
  RETURN collect({item: item, entity: entity, fact: fact}) AS facts, collect(DISTINCT entity) AS entities
}
CALL (history, facts, entities, items) {
  UNWIND history AS liked
  MATCH (liked)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-(entity:Entity) WHERE entity IN entities
  WITH facts, items, entity, liked ORDER BY liked.idx
  WITH facts, items, entity, collect(DISTINCT liked) AS liked
  WITH facts, items, entity, liked, COUNT { (entity)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-() } AS degree
  WITH facts, entity, liked, CASE WHEN degree > items THEN 0.0 ELSE 1 - log(degree) / log(1 + items) END AS specificity
  UNWIND [fact IN facts WHERE fact.entity = entity] AS own
  WITH own, specificity, [other IN liked WHERE other <> own.item] AS liked
  WHERE size(liked) > 0
  RETURN collect({kind: 'shared entity', item: own.item, entity: own.entity, fact: own.fact, liked: liked,
                  contribution: specificity * size(liked) / (size(liked) + 1.0)}) AS shared
}
CALL (history, facts, items) {
  UNWIND [fact IN facts WHERE fact.entity IN history] AS own
  WITH own, own.entity AS liked, items
  WITH own, liked, items, COUNT { (liked)-[:DIRECTED_BY|HAS_ACTOR|HAS_GENRE|FROM_DECADE]-() } AS degree
  WITH own, liked, CASE WHEN degree > items THEN 0.0 ELSE 1 - log(degree) / log(1 + items) END AS specificity
  RETURN collect({kind: 'linked item', item: own.item, entity: null, fact: own.fact, liked: [liked],
                  contribution: specificity / 2}) AS linked
}
CALL (list, history, active) {
  UNWIND list AS entry
  WITH entry.item AS item, history, active
  MATCH (item)-[similar:SIMILAR_TO]->(liked:Item) WHERE similar.run = active AND liked IN history
  RETURN collect({kind: 'similar item', item: item, entity: null, fact: null, liked: [liked],
                  contribution: similar.score}) AS similar
}
UNWIND list AS entry
WITH entry, entry.item AS item, similar, linked, shared, relations
CALL (item, similar, linked, shared, relations) {
  UNWIND [reason IN similar + linked + shared WHERE reason.item = item] AS reason
  WITH reason, relations, coalesce(reason.entity.idx, reason.liked[0].idx) AS idx
  ORDER BY reason.contribution DESC, reason.kind, idx LIMIT $reasons
  WITH reason, [relation IN relations WHERE relation.type = type(reason.fact)][0] AS relation,
       [node IN reason.liked[..3] | {key: node.key, name: coalesce(node.name, node.key)}] AS examples
  WITH reason, relation, examples, replace(replace(
         coalesce(relation.sentence, '{head} ' + toLower(replace(type(reason.fact), '_', ' ')) + ' {tail}'),
         '{head}', coalesce(startNode(reason.fact).name, startNode(reason.fact).key)),
         '{tail}', coalesce(endNode(reason.fact).name, endNode(reason.fact).key)) AS sentence
  WITH reason, relation, examples,
       CASE WHEN sentence ENDS WITH '.' THEN left(sentence, size(sentence) - 1) ELSE sentence END AS fact
  RETURN collect({
    kind: reason.kind, contribution: round(reason.contribution, 4), support: size(reason.liked), liked: examples,
    entity: CASE WHEN reason.entity IS NULL THEN null
                 ELSE {key: reason.entity.key, name: coalesce(reason.entity.name, reason.entity.key)} END,
    relation: relation.name,
    text: CASE reason.kind WHEN 'similar item' THEN 'similar to ' + examples[0].name
                           WHEN 'linked item' THEN fact
                           ELSE fact + ', as with ' + reduce(names = examples[0].name, other IN examples[1..] |
                                names + ', ' + other.name) +
                                CASE WHEN size(reason.liked) > 3 THEN ' and ' + (size(reason.liked) - 3) + ' more'
                                     ELSE '' END END
  }) AS reasons
}
RETURN entry.rank AS rank, item.key AS item, item.name AS name, entry.score AS score, entry.source AS source, reasons
ORDER BY rank;
