// How widely each run recommends: how many items stand in any list, the share of all items, and how much of all places
// goes to the hundred items that are listed most.
// kind: read
// work: long
:param dataset => 'demo';

MATCH (dataset:Dataset {name: $dataset})
MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
MATCH (user)-[listed:RECOMMENDED]->(item:Item)
WITH dataset, listed.run AS run, item, count(*) AS lists ORDER BY lists DESC
WITH dataset, run, collect(lists) AS lists
RETURN run, size(lists) AS items_listed, dataset.items AS items,
       round(1.0 * size(lists) / dataset.items, 4) AS coverage,
       reduce(total = 0, one IN lists | total + one) AS places,
       round(1.0 * reduce(total = 0, one IN lists[..100] | total + one)
             / reduce(total = 0, one IN lists | total + one), 4) AS share_of_the_first_100,
       lists[0] AS most_lists_of_one_item
ORDER BY run LIMIT 20;
