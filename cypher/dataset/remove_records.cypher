// Remove the records of a data set: its runs, profile runs and relations.
// kind: write
// work: batch
:param dataset => 'lastfm';

CALL () {
  MATCH (run:Run) WHERE run.dataset = $dataset
  DETACH DELETE run
}
CALL () {
  MATCH (profiles:ProfileRun) WHERE profiles.dataset = $dataset
  DETACH DELETE profiles
}
CALL () {
  MATCH (relation:Relation) WHERE relation.dataset = $dataset
  DETACH DELETE relation
};
