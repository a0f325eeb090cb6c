"""``segadapt completion SHELL``: completion of verbs, keys, groups and options."""

import sys
from collections.abc import Sequence
from typing import Final

from segadapt.cli.groups import groups, option_names
from segadapt.cli.key_table import keys
from segadapt.cli.main import USAGE_ERROR, VERBS
from segadapt.cli.places import CONF

SCRIPTS: Final = {
    "bash": """\
# bash: add to ~/.bashrc:  eval "$(segadapt completion bash)"
_segadapt() {
    local line="${COMP_LINE:0:COMP_POINT}" word
    word="${line##* }"
    local IFS=$'\\n'
    COMPREPLY=($(segadapt completion candidates "$line"))
    # bash splits words at '=': what stands before it is already typed
    if [[ "$word" == *=* ]]; then COMPREPLY=("${COMPREPLY[@]#"${word%%=*}="}"); fi
    [[ "${COMPREPLY[*]}" == *= ]] && compopt -o nospace
}
complete -o default -F _segadapt segadapt
""",
    "zsh": """\
# zsh: add to ~/.zshrc after compinit:  eval "$(segadapt completion zsh)"
_segadapt() {
    local -a all
    local ret=1
    all=("${(@f)$(segadapt completion candidates "${(j: :)words[1,CURRENT]}")}")
    all=(${all:#})
    if (( ! $#all )); then
        compset -P '*='  # run=PATH
        _files
        return
    fi
    compadd -S '' -- ${(M)all:#*=} && ret=0  # no space behind KEY=
    compadd -- ${all:#*=} && ret=0
    return ret
}
compdef _segadapt segadapt
""",
    "fish": """\
# fish: segadapt completion fish > ~/.config/fish/completions/segadapt.fish
function __segadapt_candidates
    set -g __segadapt_all (segadapt completion candidates (commandline -cp))
    test -n "$__segadapt_all"
end
complete -c segadapt -n __segadapt_candidates -f -a '$__segadapt_all'
""",
}
"""Script that each shell evaluates; all call ``segadapt completion candidates LINE``."""


def main(words: Sequence[str]) -> int:
    """Print the script of a shell, or the candidates for a command line.

    Args:
        words: ``bash``, ``zsh`` or ``fish``, or ``candidates LINE``.

    Returns:
        The exit code.
    """
    if len(words) == 2 and words[0] == "candidates":
        sys.stdout.writelines(f"{name}\n" for name in candidates(words[1]))
        return 0
    if len(words) != 1 or words[0] not in SCRIPTS:
        print(f"error: Write segadapt completion {'|'.join(SCRIPTS)}.", file=sys.stderr)
        return USAGE_ERROR
    print(SCRIPTS[words[0]], end="")
    return 0


def candidates(line: str) -> list[str]:
    """The completions of the last word of a command line.

    Args:
        line: From the command to the cursor.
    """
    typed = line.split(" ")[1:]
    if len(typed) <= 1:
        return _starting(VERBS, typed[0] if typed else "")
    verb, word = typed[0], typed[-1]
    if verb == "completion":
        return _starting(list(SCRIPTS), word)
    if verb == "options" or "=" not in word:
        names = list(groups(CONF)) if verb in ("train", "options") else []
        ends = "" if verb == "options" else "="
        return _starting([f"{name}{ends}" for name in [*names, *_keys(verb)]], word)
    group, _, values = word.partition("=")
    folder = CONF / group
    if not folder.is_dir():
        return []
    before, comma, _ = values.rpartition(",")  # what a sweep has already: classifier=fixed,ca
    start = f"{group}={before}{comma}"
    return _starting([f"{start}{option}" for option in option_names(folder)], word)


def _keys(verb: str) -> list[str]:
    file = CONF / f"{verb.replace('-', '_')}.yaml"
    return [key.name for key in keys(file)] if file.exists() else []


def _starting(names: Sequence[str] | dict[str, str], word: str) -> list[str]:
    return [name for name in names if name.startswith(word)]
