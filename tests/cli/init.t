  $ export MUSTER_TEST_NOW=1763980000000
  $ mkdir -p project/node_modules && cd project
  $ cat > package.json <<'JSON'
  > {"name": "shop", "scripts": {"test": "mocha --require './a b.js' --ui bdd"}}
  > JSON
  $ echo 'module.exports = {};' > jest.config.js
  $ muster init --print
  # All keys are optional: `muster config` prints what is in force,
  # `muster help muster.yaml` explains them.
  version: 1
  
  # workers: auto      # worker processes at a time; auto = cores, capped by memory
  # fail_fast: 1       # failures that stop the run; 0 or false = never
  # retries: 0         # further tries of a failed test; a mapping has default, flaky and quarantined
  # retry_budget: 20%  # time for all further tries: a share of the work (at least 1m), or a duration
  # early_detection: off # run tests that are new or changed again before they are believed
  # fail_on_flaky: off # a test that passes only when it is tried again fails the run
  # quarantine: quarantine.yaml # list of tests whose failures do not count; off = none
  # timeout: 5m        # limit for one file
  # budget: off        # limit for the whole run
  # slow: 10s          # a test that runs longer gets a SLOW mark
  
  suites:
    - name: "mocha" # detected: script `test`
      runner: mocha
      root: "."
      args: ["--require", "./a b.js", "--ui", "bdd"]
    - name: "jest" # detected: jest.config.js
      runner: jest
      root: "."
  $ ls
  jest.config.js
  node_modules
  package.json
  $ muster init 2>&1 | sed "s|$PWD|.|"
  wrote ./muster.yaml

What it wrote is a configuration with the same suites:

  $ muster config check | sed "s|$PWD|.|"
  ok: ./muster.yaml
  $ muster config | grep '^suite'
  suite mocha
  suite jest

It never writes over anything:

  $ echo '# mine' > muster.yaml
  $ muster init 2>&1 | sed "s|$PWD|.|"; cat muster.yaml
  error: ./muster.yaml is there already
  help: `muster init --print` shows what would be written, --force writes over it
  # mine
  $ mv muster.yaml muster.yml; muster init 2>&1 | sed "s|$PWD|.|"
  error: ./muster.yml is there already
  help: `muster init --print` shows what would be written, --force writes over it
  $ rm muster.yml; ln -s nowhere muster.yaml
  $ muster init 2>&1 | sed "s|$PWD|.|"; ls -l muster.yaml | sed 's/.* muster/muster/'
  error: ./muster.yaml is there already
  help: `muster init --print` shows what would be written, --force writes over it
  muster.yaml -> nowhere

Unless it is told to:

  $ rm muster.yaml; echo '# mine' > muster.yml
  $ muster init --force 2>&1 | sed "s|$PWD|.|"; ls muster.*; head -1 muster.yml
  wrote ./muster.yml
  muster.yml
  # All keys are optional: `muster config` prints what is in force,
  $ muster init --action a/b@c
  error: --action is for --github
  [2]

A project without suites gets an example:

  $ mkdir ../empty && cd ../empty && echo '{}' > package.json
  $ muster init --print | tail -4
  # No suite was detected.
  # suites:
  #   - runner: jest
  #     root: .
