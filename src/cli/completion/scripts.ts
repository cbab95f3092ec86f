/** What a shell runs to complete the commands: all that it offers comes from `__complete`, so that it is that of the installed version. */

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * Bash splits words at `:` and `=` (COMP_WORDBREAKS), which names and options have: they are joined again, and what stands in front is taken off the
 * candidates. See "Programmable Completion" in bash(1).
 */
const bash = `# Completion of tree-warden for bash: eval "$(tree-warden completion bash)"
_tree_warden() {
  local -a words=()
  local index word front=""
  for ((index = 1; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if ((\${#words[@]} > 0)) && [[ $word == [:=]* || \${words[-1]} == *[:=] ]]; then
      words[-1]+=$word
    else
      words+=("$word")
    fi
  done
  ((\${#words[@]} > 0)) || words=("")
  local typed=\${words[-1]} last=\${COMP_WORDS[COMP_CWORD]} quote=""
  [[ $last == [:=] ]] && last=""
  [[ $typed == [\\'\\"]* ]] && quote=\${typed:0:1}
  front=\${typed%"$last"}
  words[-1]=\${typed#"$quote"}
  [[ -n $quote ]] || words[-1]=\${words[-1]//\\\\/}
  COMPREPLY=()
  local line value
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default 2>/dev/null
      return
    fi
    value=\${line%%$'\\t'*}
    if [[ -n $quote ]]; then
      value=$quote$value
    else
      printf -v value %q "$value"
    fi
    COMPREPLY+=("\${value#"$front"}")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null)
  [[ \${COMPREPLY[0]:-} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _tree_warden tree-warden
`;

/** See zshcompsys(1). */
const zsh = `#compdef tree-warden
# Completion of tree-warden for zsh: source <(tree-warden completion zsh), or a file _tree-warden in a folder of $fpath.
_tree_warden() {
  local -a candidates
  local line value
  for line in "\${(@f)$("\${words[1]}" __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      _files
      return
    fi
    [[ -n $line ]] || continue
    value=\${line%%$'\\t'*}
    candidates+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe tree-warden candidates
}
if [[ $funcstack[1] == _tree-warden ]]; then
  _tree_warden "$@"
else
  compdef _tree_warden tree-warden
fi
`;

/** See complete(1) of fish. */
const fish = `# Completion of tree-warden for fish: tree-warden completion fish | source
function __tree_warden_complete
    set -l words (commandline -opc)
    set -l candidates ($words[1] __complete -- $words[2..] (commandline -ct) 2>/dev/null)
    if test "$candidates[1]" = :files
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $candidates
    end
end
complete -c tree-warden -f -a '(__tree_warden_complete)'
`;

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

export const completionHelp = `
In the file that the shell reads at its start:
  bash  eval "$(tree-warden completion bash)"
  zsh   source <(tree-warden completion zsh)
  fish  tree-warden completion fish | source`;
