  $ muster completion
  error: `muster completion` needs a shell
  help: muster completion bash|zsh|fish
  [2]
  $ muster completion bash > muster.bash && bash -n muster.bash
  $ . ./muster.bash
  $ complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=1000; _muster; echo "${COMPREPLY[@]}"; }
  $ complete_words muster co
  coverage config completion
  $ complete_words muster config s
  show schema
  $ complete_words muster --colo
  --color
  $ complete_words muster run --color ''
  auto always never
  $ complete_words muster run --no-tests ''
  fail warn pass
  $ complete_words muster help ver
  version
  $ complete_words muster run --suite ''
  

What only the project knows is asked for:

  $ printf 'suites:\n  - {name: unit, runner: jest}\n  - {name: e2e, runner: playwright}\n' > muster.yaml
  $ complete_words muster run --suite ''
  unit e2e
  $ complete_words muster --suite e
  e2e
  $ complete_words muster --suite=u
  unit
  $ complete_words muster --color=
  auto always never
  $ mv muster.yaml kept.yaml; printf 'suites:\n  - {name: "@s/api:jest", runner: jest}\n  - {name: "@s/api:mocha", runner: mocha}\n' > muster.yaml
  $ complete_words muster --suite @s/api:m
  mocha
  $ complete_words muster --suite=@s/a
  @s/api:jest @s/api:mocha
  $ COMP_WORDBREAKS=' ' complete_words muster --suite @s/api:m
  @s/api:mocha
  $ mv kept.yaml muster.yaml
  $ complete_words muster --reporter j
  junit json
  $ complete_words muster flaky --class b
  broken
  $ complete_words muster help exit
  exit-codes
  $ mkdir -p .muster/runs/20261126-070000-abcdef && complete_words muster report 2
  20261126-070000-abcdef
  $ complete_words muster report --js
  --json

zsh and fish, where they are installed:

  $ muster completion zsh > _muster
  $ if command -v zsh > /dev/null; then zsh -n _muster; fi
  $ muster completion fish > muster.fish
  $ if command -v fish > /dev/null; then fish -n muster.fish; fi
  $ suites() { if command -v fish > /dev/null; then fish --no-config -c "source muster.fish; complete -C 'muster run --suite '"; else printf 'e2e\tx\nunit\tx\n'; fi; }
  $ suites | cut -f 1 | sort
  e2e
  unit

All of them know all options:

  $ for option in $(muster help | sed -nE 's/^  (-., |    )--([a-z-]+).*/\2/p'); do
  >   for file in muster.bash _muster; do grep -q -- "--$option" $file || echo "$file: $option"; done
  >   grep -q -- "-l $option" muster.fish || echo "fish: $option"
  > done
