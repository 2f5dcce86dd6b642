What is checked in is what the program says (`docs/update build/muster` writes it again):

  $ docs=$TESTDIR/../../docs
  $ muster __docs options | diff "$docs/reference/options.md" -
  $ muster __docs config | diff <(sed -n '/^## All keys/,$p' "$docs/guide/configuration.md") -

The example of the guide is valid:

  $ mkdir -p packages/api
  $ sed -n '/^```yaml/,/^```$/p' "$docs/guide/configuration.md" | sed '/^```/d' > muster.yaml
  $ muster config check | sed "s|$PWD|.|"
  ok: ./muster.yaml

--help and the manual have the same options, command by command:

  $ commands=$(muster help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
  $ echo $commands
  run list plan merge gate report runs history slow flaky quarantine order query store coverage junit config init doctor completion help version
  $ for c in $commands; do muster help $c; done | sed -nE 's/^  (-., |    )--([a-z-]+).*/\2/p' | sort -u > help
  $ muster __man 1 | sed 's/\\-/-/g; s/\\fB//g; s/\\fR//g' | sed -nE 's/^(-., )?--([a-z-]+).*/\2/p' | sort -u > man
  $ diff help man && test $(wc -l < man) -gt 20

The manual is sound:

  $ for section in 1 5; do muster __man $section | groff -man -Tascii -ww -z; done
  $ muster __man 2
  error: no such document: `2`
  [2]
