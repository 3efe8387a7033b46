// Remove the records of a data set: its runs, profile runs and relations.
// kind: write
// work: batch
:param dataset => 'lastfm';

MATCH (n:Run|ProfileRun|Relation) WHERE n.dataset = $dataset
DETACH DELETE n;
