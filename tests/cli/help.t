  $ muster help exit-codes
  exit codes of muster:
    0                             passed
    1                             tests failed
    2                             usage or configuration
    3                             internal error
    4                             no tests ran
    5                             incomplete: a planned file has no result and
                                  nobody can say why
    6                             a gate failed
    7                             infrastructure: a worker cannot start, an output
                                  cannot be written
    124                           budget or timeout of the run exceeded
    130, 143                      interrupted, terminated: cleaned up, then the
                                  signal is raised again
  When several hold, the first of 2 3 7 124 1 5 6 4 0 is the code.
  $ muster help exit-code
  error: no help on `exit-code`
  help: did you mean `muster help exit-codes`?
  [2]
  $ muster help version
  muster version: print the version
  
  usage: muster version [--json]
  
  options:
        --json                    one JSON document on stdout; people's text goes
                                  to stderr
        --color auto|always|never
                                  colours
    -q, --quiet                   only failures and the summary
    -v, --verbose                 every test
    -h, --help                    this help
    -V, --version                 the version
  $ muster version --help | diff - <(muster help version)
  $ muster --help | diff - <(muster help)
  $ muster help | head -8
  muster 0.1.0: runs all JavaScript test suites of a project in parallel
  
  usage: muster [COMMAND] [OPTIONS] [PATH...] [-- RUNNER OPTIONS]
  
  Without a command: run the tests (below PATH).
  
  commands:
    run                           run the tests (the default command)

Nothing is wider than the terminal says:

  $ for topic in '' run list config muster.yaml environment exit-codes; do
  >   for columns in 60 80 120; do
  >     COLUMNS=$columns muster help $topic | awk -v n=$columns -v t="$topic" \
  >       '/^ / && length > n { print t ": " $0 }'
  >   done
  > done

Every key and its variable is explained:

  $ muster help environment | grep -o 'MUSTER_[A-Z_]*'
  MUSTER_WORKERS
  MUSTER_FAIL_FAST
  MUSTER_RETRIES
  MUSTER_RETRY_BUDGET
  MUSTER_EARLY_DETECTION
  MUSTER_FAIL_ON_FLAKY
  MUSTER_QUARANTINE
  MUSTER_TIMEOUT
  MUSTER_BUDGET
  MUSTER_SLOW
  MUSTER_COVERAGE
  MUSTER_GATES
  MUSTER_REPORTERS
  MUSTER_COLOR
  MUSTER_HISTORY
  $ muster help muster.yaml | grep ':$'
  keys of muster.yaml:
  keys of muster.yaml in `suites`:
  keys of muster.yaml in `services`:
  keys of muster.yaml in `services` in `ready`:
  keys of muster.yaml in `coverage`:
  keys of muster.yaml in `gates`:
  keys of muster.yaml in `gates` in `coverage`:
  keys of muster.yaml in `gates` in `coverage_per_file`:
  keys of muster.yaml in `gates` in `patch_coverage`:

No help is wider than the terminal, and the manuals have no warning:

  $ muster help | sed -n '/^commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p' > commands; wc -l < commands
  22
  $ while read -r command; do COLUMNS=80 muster help "$command" | grep -E '^.{81}'; done < commands
  [1]
  $ for page in 1 5; do muster __man $page > page; if command -v groff > /dev/null; then groff -ww -man -Tutf8 page; fi 2>&1 > /dev/null; done
