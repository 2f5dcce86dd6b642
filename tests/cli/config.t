Without a file the defaults apply:

  $ muster config check
  ok: no muster.yaml, defaults apply
  $ muster config show | sed "s|$PWD|.|"
  file        none
  base        .
  
  version               1                 default
  workers               auto              default
  fail_fast             1                 default
  retries               0                 default
  retry_budget          20%               default
  early_detection       off               default
  fail_on_flaky         off               default
  quarantine            quarantine.yaml   default
  timeout               5m                default
  budget                off               default
  slow                  10s               default
  coverage              off               default
    include             -                 default
    exclude             -                 default
    reports             -                 default
  gates                 on                default
    duration            10m               default
    coverage            90%               default
    coverage_by         -                 default
    coverage_per_file   off               default
    patch_coverage      off               default
    coverage_drop       off               default
    failure_rate        off               default
    flaky_rate          off               default
  reporters             -                 default
  $ muster config | diff - <(muster config show)

A flag wins over the environment, which wins over the file:

  $ cat > muster.yaml <<'YAML'
  > version: 1
  > workers: 50%
  > timeout: 90
  > retries: 1
  > resources: {db: 2}
  > services:
  >   redis:
  >     command: [redis-server, --port, "${port}"]
  >     ready: {tcp: "${port}"}
  > suites:
  >   - name: unit
  >     runner: jest
  >     needs: {db: 1}
  >     services: redis
  >     env: {A: 1.10, B: no}
  > YAML
  $ MUSTER_RETRIES=2 MUSTER_TIMEOUT=1m muster config --timeout 5s | sed "s|$PWD|.|"
  file        ./muster.yaml
  base        .
  
  version               1                 file
  workers               50%               file
  fail_fast             1                 default
  retries               2                 environment
  retry_budget          20%               default
  early_detection       off               default
  fail_on_flaky         off               default
  quarantine            quarantine.yaml   default
  timeout               5s                flag
  budget                off               default
  slow                  10s               default
  coverage              off               default
    include             -                 default
    exclude             -                 default
    reports             -                 default
  gates                 on                default
    duration            10m               default
    coverage            90%               default
    coverage_by         -                 default
    coverage_per_file   off               default
    patch_coverage      off               default
    coverage_drop       off               default
    failure_rate        off               default
    flaky_rate          off               default
  reporters             -                 default
  
  resource db: 2
  
  suite unit
    runner         jest
    root           .
    env            A=1.10, B=no
    needs          db: 1
    services       redis
    tmpdir         shared
    isolate        runner
    split          on
  
  service redis
    command        redis-server, --port, ${port}
    ready tcp      ${port}
    ready timeout  20s
  $ MUSTER_REPORTERS=plain,junit=x.xml muster config --json | sed "s|$PWD|.|"
  {
    "schema": "muster/config/1",
    "file": "./muster.yaml",
    "base": ".",
    "keys": {
      "version": {
        "value": 1,
        "origin": "file"
      },
      "workers": {
        "value": "50%",
        "origin": "file"
      },
      "fail_fast": {
        "value": 1,
        "origin": "default"
      },
      "retries": {
        "value": 1,
        "origin": "file"
      },
      "retry_budget": {
        "value": "20%",
        "origin": "default"
      },
      "early_detection": {
        "value": "off",
        "origin": "default"
      },
      "fail_on_flaky": {
        "value": "off",
        "origin": "default"
      },
      "quarantine": {
        "value": "quarantine.yaml",
        "origin": "default"
      },
      "timeout": {
        "value": "90s",
        "origin": "file"
      },
      "budget": {
        "value": "off",
        "origin": "default"
      },
      "slow": {
        "value": "10s",
        "origin": "default"
      },
      "coverage": {
        "value": "off",
        "origin": "default",
        "keys": {
          "include": {
            "value": [],
            "origin": "default"
          },
          "exclude": {
            "value": [],
            "origin": "default"
          },
          "reports": {
            "value": [],
            "origin": "default"
          }
        }
      },
      "gates": {
        "value": "on",
        "origin": "default",
        "keys": {
          "duration": {
            "value": "10m",
            "origin": "default"
          },
          "coverage": {
            "value": {
              "lines": "90%",
              "branches": "90%",
              "functions": "90%",
              "statements": "90%"
            },
            "origin": "default"
          },
          "coverage_by": {
            "value": {},
            "origin": "default"
          },
          "coverage_per_file": {
            "value": {
              "lines": "off",
              "branches": "off",
              "functions": "off",
              "statements": "off"
            },
            "origin": "default"
          },
          "patch_coverage": {
            "value": {
              "lines": "off"
            },
            "origin": "default"
          },
          "coverage_drop": {
            "value": "off",
            "origin": "default"
          },
          "failure_rate": {
            "value": "off",
            "origin": "default"
          },
          "flaky_rate": {
            "value": "off",
            "origin": "default"
          }
        }
      },
      "reporters": {
        "value": [
          "plain",
          "junit=x.xml"
        ],
        "origin": "environment",
        "variable": "MUSTER_REPORTERS"
      }
    },
    "suites": [
      {
        "name": "unit",
        "runner": "jest",
        "root": ".",
        "config": null,
        "files": [],
        "args": [],
        "env": {
          "A": "1.10",
          "B": "no"
        },
        "node_options": [],
        "retries": null,
        "timeout": null,
        "needs": {
          "db": 1
        },
        "services": [
          "redis"
        ],
        "coverage": null,
        "tmpdir": "shared",
        "isolate": "runner",
        "split": "on"
      }
    ],
    "resources": {
      "db": 2
    },
    "services": {
      "redis": {
        "command": [
          "redis-server",
          "--port",
          "${port}"
        ],
        "ready": {
          "tcp": "${port}",
          "log": null,
          "timeout": "20s"
        },
        "env": {}
      }
    }
  }
  $ MUSTER_RETRIES=often muster config
  error: MUSTER_RETRIES: `retries` expects a whole number or a mapping of numbers, not `often`
  [2]
  $ muster config check --json | sed "s|$PWD|.|"
  {
    "schema": "muster/config-check/1",
    "file": "./muster.yaml",
    "ok": true
  }
  $ muster config check | sed "s|$PWD|.|"
  ok: ./muster.yaml

Mistakes are shown where they are:

  $ check() { cat > muster.yaml; muster config check 2>&1 | sed "s|$PWD|.|"; }
  $ check <<'YAML'
  > version: 1
  >   wrokers: 4
  > YAML
  error: invalid YAML: mapping values are not allowed in this context in muster.yaml:2:10
    2 |   wrokers: 4
      |          ^
  $ check <<'YAML'
  > suites:
  >   - name: unit
  >     runner: jest
  >     wrokers: 4
  > YAML
  error: unknown key `wrokers` in muster.yaml:4:5
    4 |     wrokers: 4
      |     ^^^^^^^
  help: known keys here: name, runner, root, config, files, args, env, node_options, retries, timeout, needs, services, coverage, tmpdir, isolate, split
  $ check <<'YAML'
  > gates:
  >   audit: {critical: 0}
  > YAML
  error: `audit` is not supported by muster 0.1.0 in muster.yaml:2:3
    2 |   audit: {critical: 0}
      |   ^^^^^
  help: known keys here: duration, coverage, coverage_by, coverage_per_file, patch_coverage, coverage_drop, failure_rate, flaky_rate
  $ check <<'YAML'
  > suites:
  >   - runner: jset
  > YAML
  error: unknown runner `jset` in muster.yaml:2:13
    2 |   - runner: jset
      |             ^^^^
  help: did you mean `jest`? supported runners: jest, mocha, playwright
  $ check <<'YAML'
  > suites:
  >   - runner: jest
  >     root: ..
  > YAML
  error: `root` is outside of the project . in muster.yaml:3:11
    3 |     root: ..
      |           ^^
  $ check <<'YAML'
  > suites:
  >   - {runner: mocha, needs: {db: 3}, services: [redis]}
  > resources: {db: 2}
  > YAML
  error: no service is named `redis` in muster.yaml:2:48
    2 |   - {runner: mocha, needs: {db: 3}, services: [redis]}
      |                                                ^^^^^
  help: define it under `services`
  $ check <<'YAML'
  > suites: [{runner: mocha, needs: {db: 3}}]
  > resources: {db: 2}
  > YAML
  error: this needs 3 of `db`, and there are 2 in muster.yaml:1:38
    1 | suites: [{runner: mocha, needs: {db: 3}}]
      |                                      ^
  $ check <<'YAML'
  > retries: 1
  > retries: 2
  > YAML
  error: key `retries` is given twice in muster.yaml:2:1
    2 | retries: 2
      | ^^^^^^^
  $ check <<'YAML'
  > a: &a [*a]
  > YAML
  error: anchors are not allowed in muster.yaml:1:4
    1 | a: &a [*a]
      |    ^
  $ printf 'retries: 1 # \344\n' | check
  error: invalid YAML: incomplete UTF-8 octet sequence in muster.yaml:1:14
    1 | retries: 1 # ?
      |              ^

A project has one file:

  $ echo 'retries: 1' > muster.yaml; cp muster.yaml muster.yml
  $ muster config 2>&1 | sed "s|$PWD|.|"
  error: both muster.yaml and muster.yml are in .
  help: keep one of them, or name it: --config FILE
  $ muster config --config muster.yml | grep retries
  retries               1                 file

The schema takes what muster takes:

  $ muster config schema | python3 -c '
  > import json, sys
  > schema = json.load(sys.stdin)
  > print(schema["$schema"])
  > print(sorted(schema["properties"]["suites"]["items"]["properties"]))
  > print(schema["properties"]["suites"]["items"]["properties"]["runner"]["enum"])'
  http://json-schema.org/draft-07/schema#
  ['args', 'config', 'coverage', 'env', 'files', 'isolate', 'name', 'needs', 'node_options', 'retries', 'root', 'runner', 'services', 'split', 'timeout', 'tmpdir']
  ['jest', 'mocha', 'playwright']

Sections have origins, too, and a word from the environment switches them:

  $ rm muster.yml && cat > muster.yaml <<'YAML'
  > gates: {coverage: {lines: 80}, coverage_by: {"packages/*": {lines: 90}}, flaky_rate: 2%}
  > coverage: {include: ["src/**"]}
  > YAML
  $ MUSTER_COVERAGE=off muster config | grep -A13 ^coverage
  coverage              off               environment
    include             src/**            file
    exclude             -                 default
    reports             -                 default
  gates                 on                file
    duration            10m               default
    coverage            lines 80%, branches 90%, functions 90%, statements 90%  file
    coverage_by         packages/*: lines 90%, branches off, functions off, statements off  file
    coverage_per_file   off               default
    patch_coverage      off               default
    coverage_drop       off               default
    failure_rate        off               default
    flaky_rate          2%                file
  reporters             -                 default
  $ MUSTER_GATES=off muster config | grep -A1 ^gates
  gates                 off               environment
  reporters             -                 default
  $ muster config --no-gates --coverage | grep -E '^(gates|coverage)'
  coverage              on                flag
  gates                 off               flag
  $ MUSTER_GATES=on muster config
  error: MUSTER_GATES: `gates` expects a mapping or off, not `on`
  [2]

What reporters and reports are called is checked where it stands:

  $ echo 'reporters: [plain, tyt]' > muster.yaml && muster config check
  error: unknown reporter `tyt` in muster.yaml:1:20
    1 | reporters: [plain, tyt]
      |                    ^^^
  help: did you mean `tty`? known here: tty, plain, dot, junit, json, ndjson, github
  [2]
  $ echo 'coverage: {reports: [lcv]}' > muster.yaml && muster config check
  error: unknown report `lcv` in muster.yaml:1:22
    1 | coverage: {reports: [lcv]}
      |                      ^^^
  help: did you mean `lcov`? known here: text, text-summary, lcov, cobertura, json, json-summary, html
  [2]

Switches take on, off and booleans, at the top and in a suite, and are shown as on and off:

  $ printf 'early_detection: true\nsuites: [{runner: jest, coverage: off, split: false}]\n' > muster.yaml
  $ muster config | grep -E '^early|^  (coverage|split) .*off$'
  early_detection       on                file
    coverage       off
    split          off
  $ muster config --json | grep -E '"(coverage|split)": "'
        "coverage": "off",
        "split": "off"
  $ muster config schema | grep -A 1 'collect it for this suite'
              "description": "collect it for this suite, or do not",
              "enum": ["on","off",true,false]
