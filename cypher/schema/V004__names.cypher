// The names that answers look for, made known before anything bears them: so a graph without a run or vectors answers
// in silence, where the server would send a warning for each unknown name with each answer.
// kind: schema
// work: long

CALL db.createLabel('Embedding');
CALL db.createRelationshipType('INTERACTED');
CALL db.createRelationshipType('HELD_OUT');
CALL db.createRelationshipType('HAS_RELATION');
CALL db.createRelationshipType('RECOMMENDED');
CALL db.createRelationshipType('SIMILAR_TO');
CALL db.createRelationshipType('HAS_EMBEDDING');
CALL db.createProperty('activation');
CALL db.createProperty('at');
CALL db.createProperty('run');
CALL db.createProperty('rank');
CALL db.createProperty('score');
CALL db.createProperty('vector');
CALL db.createProperty('items');
CALL db.createProperty('sentence');
