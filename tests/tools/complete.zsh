# What zsh completes: complete.zsh SCRIPT LINE:WANTED… Each line is typed into an interactive shell and ended by the key for
# completion; it is printed once what is wanted stands behind it. A shell that never shows it is ended from outside.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT='> '; autoload -Uz compinit; compinit -u -d $PWD/dump; source ${(q)1}; echo read''y"
zpty -r shell out '*ready*'
shift
for line in "$@"; do
  zpty -w -n shell "${line%%:*}"$'\t'
  zpty -r shell out "*${line#*:}*" && print -r -- "$line"
  # The line is thrown away.
  zpty -w -n shell $'\x15'
done
zpty -d shell
