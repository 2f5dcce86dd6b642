Which command is meant:

  $ muster lst
  error: no such command, file or folder: lst
  help: did you mean `muster list`?
  [2]
  $ muster frobnicate
  error: no such command, file or folder: frobnicate
  help: `muster help` lists the commands
  [2]
  $ muster nope.test.js
  error: no such command, file or folder: nope.test.js
  help: `muster help` lists the commands
  [2]
  $ muster no/such/file.test.js
  error: no such file or folder: no/such/file.test.js
  help: paths are relative to the current folder
  [2]
  $ muster 'src/**/*.test.js'
  error: no such file or folder: src/**/*.test.js
  help: name files or folders; without quotes the shell replaces a pattern by what matches it
  [2]
  $ muster run ../../../../.. 2>&1 | sed "s|$PWD|.|"
  error: ../../../../.. is outside of the project .

Options that are not there, or lack something:

  $ muster --wrokers 3
  error: unknown option `--wrokers`
  help: did you mean `--workers`?
  [2]
  $ muster -json
  error: unknown option `-json`
  help: did you mean `--json`?
  [2]
  $ muster -x
  error: unknown option `-x`
  help: `--help` lists all; the runner's own options go behind `--`
  [2]
  $ muster --suite --json list
  error: `--suite` needs a value
  help: if it is `--json`: --suite=--json
  {
    "schema": "muster/error/1",
    "error": "`--suite` needs a value",
    "help": "if it is `--json`: --suite=--json",
    "exit_code": 2,
    "exit_reason": "usage or configuration error"
  }
  [2]
  $ muster --color=blue
  error: `--color` does not take `blue`
  help: --color=auto|always|never
  [2]
  $ muster -j many
  error: --workers: `workers` expects a whole number from 1, a percentage or auto, not `many`
  [2]
  $ muster --fail-fast=never
  error: --fail-fast: `fail_fast` expects a whole number, true or false, not `never`
  [2]
  $ muster --timeout 'five minutes'
  error: --timeout: `timeout` expects a duration such as 500ms, 30s, 10m or off, not `five minutes`
  [2]
  $ muster runs --limit x
  error: `--limit` expects a whole number from 1, or all, not `x`
  [2]
  $ muster version --workers 2
  error: unknown option `--workers`
  help: `--help` lists all; the runner's own options go behind `--`
  [2]

Words that a command does not take:

  $ muster version now
  error: `muster version` does not take `now`
  help: usage: muster version [--json]
  [2]
  $ muster doctor -- --fast
  error: `muster doctor` takes nothing behind `--`
  help: usage: muster doctor [--json]
  [2]
  $ muster config shwo
  error: `muster config` does not know `shwo`
  help: did you mean `muster config show`?
  [2]
  $ muster completion tcsh
  error: `muster completion` does not know `tcsh`
  help: usage: muster completion bash|zsh|fish
  [2]

With --json the error is a document on stdout, too:

  $ muster --json --wrokers 3 2>/dev/null
  {
    "schema": "muster/error/1",
    "error": "unknown option `--wrokers`",
    "help": "did you mean `--workers`?",
    "exit_code": 2,
    "exit_reason": "usage or configuration error"
  }
  [2]
  $ muster config check --json -c nowhere.yaml 2>/dev/null
  {
    "schema": "muster/error/1",
    "error": "no such configuration file: nowhere.yaml",
    "help": null,
    "exit_code": 2,
    "exit_reason": "usage or configuration error"
  }
  [2]

What an argument holds does not drive the terminal:

  $ muster --"$(printf 'a\033[31mb\007')"
  error: unknown option `--ab`
  help: `--help` lists all; the runner's own options go behind `--`
  [2]

The version needs nothing, not even a readable configuration:

  $ echo '[' > muster.yaml
  $ muster --version
  muster 0.1.0
  $ muster list -V
  muster 0.1.0
  $ muster version --json | grep schema
    "schema": "muster/version/1",
  $ rm muster.yaml

Output that cannot be written is no success:

  $ muster help > /dev/full
  error: cannot write to stdout: No space left on device
  [7]
  $ muster config show --json > /dev/full
  error: cannot write to stdout: No space left on device
  [7]
