#compdef avala
_avala() {
    local line
    local -a values
    while IFS= read -r line; do
        values+=("$line")
    done < <(command avala __complete 1 zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)
    compadd -- "${values[@]}"
}
if [ "$funcstack[1]" = "_avala" ]; then
    _avala "$@"
else
    compdef _avala avala
fi
