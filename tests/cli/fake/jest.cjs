// The same acts: node runs this one for suites of Jest.
require('./mocha.cjs');
