  $ muster completion
  error: `muster completion` needs a shell
  help: muster completion bash|zsh|fish
  [2]
  $ muster completion bash > muster.bash && bash -n muster.bash
  $ . ./muster.bash
  $ complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _muster; echo "${COMPREPLY[@]}"; }
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
  

zsh and fish, where they are installed:

  $ muster completion zsh > _muster
  $ if command -v zsh > /dev/null; then zsh -n _muster; fi
  $ muster completion fish > muster.fish
  $ if command -v fish > /dev/null; then fish -n muster.fish; fi

All of them know all options:

  $ for option in $(muster help | sed -nE 's/^  (-., |    )--([a-z-]+).*/\2/p'); do
  >   for file in muster.bash _muster; do grep -q -- "--$option" $file || echo "$file: $option"; done
  >   grep -q -- "-l $option" muster.fish || echo "fish: $option"
  > done
