# SPDX-License-Identifier: Apache-2.0
# Completion of triptych's commands and options for bash.

_triptych_traces() {
  compopt -o filenames
  mapfile -t COMPREPLY < <(compgen -f -X '!*.tpt' -- "$1"; compgen -d -- "$1")
}

_triptych() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local command=${COMP_WORDS[1]} words='' i
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    mapfile -t COMPREPLY < <(compgen -W 'record flamegraph report dump export symbolize mark run list compare diff doctor --help --version' -- "$current")
    return
  fi
  if [[ $command == record ]]; then
    # Behind the double dash is somebody else's command line.
    for ((i = 2; i < COMP_CWORD; i++)); do
      if [[ ${COMP_WORDS[i]} == -- ]]; then
        if declare -F _command_offset >/dev/null; then
          _command_offset $((i + 1))
        else
          compopt -o default
        fi
        return
      fi
    done
  fi
  case $previous in
    -o | --output | --base) compopt -o default; return ;;
    --format)
      words='text json'
      [[ $command == report || $command == compare ]] && words='text html json'
      [[ $command == export ]] && words='csv jsonl perfetto chrome svg speedscope pprof folded'
      ;;
    --profile) words='on-cpu off-cpu run-queue wakeup fault cow fork coroutine suspended' ;;
    --unit) words='ns count pages samples' ;;
    --sort) words='on-cpu runnable blocked switches faults start' ;;
    --user) mapfile -t COMPREPLY < <(compgen -u -- "$current"); return ;;
    --coroutines) words='auto recorder usdt uprobe:cpp uprobe:tokio uprobe:boost uprobe:ucontext uprobe:asyncio uprobe:trio uprobe:greenlet off' ;;
    --unwind) words='fp dwarf dwarf,16K dwarf,32K' ;;
    --stacks) words='on-cpu off-cpu wakeup fault cow fork' ;;
    --events) words='switch wakeup fault fork exec exit' ;;
    -p) mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$current"); return ;;
    --model | --models) words='process thread coroutine' ;;
    --fail-on) words='slower' ;;
    --keep-traces | --debug-dir) compopt -o dirnames; return ;;
    --duration | --buffer-size | --coroutine-buffer | --coroutine-budget | --frequency | --slow-step | --no-probe | --tid | --process | --top | --from-mark | --to-mark | --from | --to | --coroutine | --variant | \
      --set | --iterations | --seconds | --warm-up | --pin | --repetitions) return ;;
  esac
  if [[ -z $words ]]; then
    case $command in
      record) words='-o --output -p --process -a --all --duration --events --buffer-size --user
        --stacks --kernel-stacks --unwind --frequency --coroutines --coroutine-buffer --coroutine-budget --summary-only --no-probe --help --' ;;
      flamegraph) words='--profile --unwind --buffer-size --coroutines --debug-files --debug-dir --inlines -o --output --help --' ;;
      report) words='--format -o --output --tid --process --top --sort --from-mark --to-mark
        --slow-step --debug-files --debug-dir --inlines --schema --strict --help' ;;
      dump) words='--format -o --output --help' ;;
      export) words='--format --profile --unit --debug-files --debug-dir --inlines --base --icicle -o --output --tid --process --coroutine --from --to --help' ;;
      symbolize) words='-o --output --debug-dir --inlines --help' ;;
      mark) words='--begin --end --point --help' ;;
      run) words='--model --variant --set --iterations --seconds --warm-up --pin --control --format
        --help' ;;
      list) words='--help' ;;
      compare) words='--models --quick --thorough --set --repetitions --format -o --output
        --keep-traces --schema --help' ;;
      diff) words='--fail-on --format -o --output --help' ;;
      doctor) words='--format --no-probe --process --help' ;;
    esac
    if [[ $current != -* && ($command == report || $command == dump || $command == export) ]]; then
      _triptych_traces "$current"
      return
    fi
    if [[ $current != -* && $command == diff ]]; then
      compopt -o default
      return
    fi
    if [[ $current != -* && ($command == compare ||
      $COMP_CWORD -eq 2 && ($command == run || $command == list)) ]]; then
      words=$("${COMP_WORDS[0]}" list 2>/dev/null | grep '^[a-z]')
    fi
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _triptych triptych
