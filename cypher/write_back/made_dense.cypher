// Take back the relationships that only brought nodes to their fiftieth; the nodes stay as they then are.
// kind: write
// work: long
:param run => 'demo-run';

MATCH (run:Run {id: $run})
MATCH (run)<-[filler:MAKES_DENSE]-()
CALL (filler) { DELETE filler } IN TRANSACTIONS OF 10000 ROWS;
