  $ mkdir -p project/node_modules/mocha && cd project
  $ echo '{"scripts": {"test": "mocha"}, "devDependencies": {"mocha": "1"}}' > package.json
  $ echo '{"name": "mocha", "version": "12.0.3"}' > node_modules/mocha/package.json
  $ doctor() { muster doctor "$@" > out; code=$?; grep -v ' \(machine\|node\|browser\) ' out | sed "s|$PWD|.|"; (exit $code); }
  $ doctor
  ok       config     no muster.yaml, defaults apply
  ok       suite      mocha: mocha 12.0.3 in . (script `test`)
  ok       history    none yet; the first run makes it
  ok       folder     . can be written
  ok       terminal   stdout is none, 80 columns, no colours, TERM=dumb
  $ rm -r node_modules; doctor | grep suite; muster doctor > /dev/null
  error    suite      mocha: mocha is not installed in .; npm install
  [7]
  $ muster doctor --json | python3 -c '
  > import json, sys
  > d = json.load(sys.stdin)
  > print(d["schema"], d["exit_code"], d["exit_reason"])
  > print([c["check"] for c in d["checks"]])
  > print([c["text"] for c in d["checks"] if not c["ok"]])'
  muster/doctor/1 7 infrastructure
  ['machine', 'node', 'config', 'suite', 'history', 'folder', 'terminal']
  ['mocha: mocha is not installed in .; npm install']

A version that is too old:

  $ mkdir -p node_modules/mocha && echo '{"name": "mocha", "version": "5.2.0"}' > node_modules/mocha/package.json
  $ doctor | grep suite; rm -r node_modules
  error    suite      mocha: mocha 5.2.0 is too old, 6 or newer is needed; npm install --save-dev mocha@latest

No node:

  $ mkdir bin && ln -s "$(command -v muster)" bin/muster && ln -s /bin/sh bin/sh
  $ PATH=$PWD/bin muster doctor | grep ' node '
  error    node       not found in PATH; tests run in Node 18 or newer

A browser is looked for where Playwright puts it:

  $ mkdir -p node_modules/@playwright/test browsers/chromium-1200
  $ echo '{"version": "1.65.1"}' > node_modules/@playwright/test/package.json
  $ printf 'suites:\n  - runner: playwright\n' > muster.yaml
  $ PLAYWRIGHT_BROWSERS_PATH=$PWD/browsers muster doctor | grep -E ' (suite|browser) ' | sed "s|$PWD|.|"
  ok       suite      playwright: playwright 1.65.1 in . (muster.yaml)
  ok       browser    playwright: ./browsers/chromium-1200
  $ PATH=$PWD/bin muster doctor | grep ' browser '
  warning  browser    playwright: no browser found; `npx playwright install chromium` brings one

Broken configuration and history are told:

  $ echo 'wrokers: 1' > muster.yaml; muster doctor | grep -A3 ' config ' | cut -c -60 | sed 's/ *$//'
  error    config     unknown key `wrokers` in muster.yaml:1:1
    1 | wrokers: 1
      | ^^^^^^^ did you mean `workers`?
  help: known keys here: version, workers, fail_fast, retries,
  $ touch .muster; muster doctor | grep ' folder ' | sed "s|$PWD|.|"; rm .muster
  error    folder     ./.muster cannot be written; --out and --history choose other places
  $ rm muster.yaml; mkdir .muster; echo nonsense > .muster/history.db
  $ muster doctor | grep ' history ' | sed "s|$PWD|.|"
  warning  history    ./.muster/history.db is no history; the next run sets it aside and starts a new one
  $ ls .muster
  history.db
