// The same acts, all files in one process: node runs this one for suites of Playwright.
require('./mocha.cjs');
