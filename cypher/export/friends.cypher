// The friends of the users of a range of idx, as two columns; each pair stands in the graph once.
// kind: read
// work: batch
:param dataset => 'lastfm';
:param first => 0;
:param last => 9999;

MATCH (user:User)-[:FRIEND_OF]->(friend:User)
WHERE user.dataset = $dataset AND user.idx >= $first AND user.idx <= $last
RETURN collect(user.idx) AS users, collect(friend.idx) AS friends;
