// How many pairs of friends stand in the graph.
// kind: read
// work: long
:param dataset => 'lastfm';

MATCH (user:User) WHERE user.dataset = $dataset AND user.idx >= 0
RETURN sum(COUNT { (user)-[:FRIEND_OF]->() }) AS friends;
