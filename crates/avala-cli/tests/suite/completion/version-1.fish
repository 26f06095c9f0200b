function __avala_candidates
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    command avala __complete 1 fish -- $before[2..-1] "$current" 2>/dev/null </dev/null
end
complete -c avala -f -a '(__avala_candidates)'
