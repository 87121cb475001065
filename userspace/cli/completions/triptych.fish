# SPDX-License-Identifier: Apache-2.0
# Completion of triptych's commands and options for fish.

set --local commands record report dump export mark run list compare diff doctor
set --local outside "not __fish_seen_subcommand_from $commands"

complete -c triptych -f
complete -c triptych -n $outside -a record -d 'Record what the kernel does with a program'
complete -c triptych -n $outside -a report -d 'Say what happened in a trace'
complete -c triptych -n $outside -a dump -d 'Print every event of a trace'
complete -c triptych -n $outside -a export -d 'Turn a trace into a form for other programs'
complete -c triptych -n $outside -a mark -d 'Mark a phase of the calling program'
complete -c triptych -n $outside -a run -d 'Run one workload in one model'
complete -c triptych -n $outside -a list -d 'List the built-in workloads'
complete -c triptych -n $outside -a compare -d 'Measure the same work in three models'
complete -c triptych -n $outside -a diff -d 'Compare two comparisons, or two reports'
complete -c triptych -n $outside -a doctor -d 'Say what this kernel can record, and how'
complete -c triptych -n $outside -l version -d 'Print the version'
complete -c triptych -s h -l help -d 'Print help'

set --local record '__fish_seen_subcommand_from record'
complete -c triptych -n $record -s o -l output -r -F -d 'The file to write'
complete -c triptych -n $record -s p -l process -x -a '(__fish_complete_pids)' -d 'Record this running process'
complete -c triptych -n $record -s a -l all -d 'Record the whole machine'
complete -c triptych -n $record -l duration -x -d 'End after this time'
complete -c triptych -n $record -l events -x -a 'switch wakeup fault fork exec exit' -d 'What to record'
complete -c triptych -n $record -l buffer-size -x -d 'Room for what is not written yet'
complete -c triptych -n $record -l coroutines -x -a 'auto off' -d 'Which coroutines to record'
complete -c triptych -n $record -l coroutine-buffer -x -d 'Room for the coroutine events of each thread'
complete -c triptych -n $record -l user -x -a '(__fish_complete_users)' -d 'Run the command as this user'
complete -c triptych -n $record -l summary-only -d 'Count in the kernel, keep no events'
complete -c triptych -n $record -l no-probe -x -d 'Do without this hook'
complete -c triptych -n $record -a '(__fish_complete_subcommand)'

set --local report '__fish_seen_subcommand_from report'
complete -c triptych -n $report -l tid -x -d 'Only this task'
complete -c triptych -n $report -l process -x -d 'Only processes with this id or name'
complete -c triptych -n $report -l top -x -d 'Rows of each table'
complete -c triptych -n $report -l sort -x -a 'on-cpu runnable blocked switches faults start' -d 'Order of the tasks'
complete -c triptych -n $report -l from-mark -x -d 'Begin at this mark'
complete -c triptych -n $report -l to-mark -x -d 'Stop at this mark'
complete -c triptych -n $report -l slow-step -x -d 'What blocks an event loop'
complete -c triptych -n $report -l schema -d 'Print the JSON Schema'
complete -c triptych -n $report -l strict -d 'Exit with 4 when the data is not complete and exact'

set --local export '__fish_seen_subcommand_from export'
complete -c triptych -n $export -l format -x -a 'csv jsonl perfetto chrome svg speedscope pprof folded' -d 'Form of the export'
complete -c triptych -n $export -l profile -x -a 'on-cpu off-cpu run-queue wakeup fault cow fork coroutine suspended' -d 'What a profile is of'
complete -c triptych -n $export -l unit -x -a 'ns count pages' -d 'What it is counted in'
complete -c triptych -n $export -l icicle -d 'The outermost frames on top'
complete -c triptych -n $export -l coroutine -x -d 'Only this coroutine, or those of this function'
complete -c triptych -n $export -l tid -x -d 'Only this task'
complete -c triptych -n $export -l process -x -d 'Only processes with this id or name'
complete -c triptych -n $export -l from -x -d 'Begin this long after the recording began'
complete -c triptych -n $export -l to -x -d 'Stop this long after the recording began'

set --local readers '__fish_seen_subcommand_from report dump export'
complete -c triptych -n $readers -s o -l output -r -F -d 'Write to this file'
complete -c triptych -n $readers -F

complete -c triptych -n '__fish_seen_subcommand_from report dump run compare diff doctor' -l format -x -a 'text json' -d 'Form of the output'
complete -c triptych -n '__fish_seen_subcommand_from doctor' -l no-probe -x -d 'Treat this hook as refused'

set --local run '__fish_seen_subcommand_from run'
complete -c triptych -n $run -l model -x -a 'process thread coroutine' -d 'In which model'
complete -c triptych -n $run -l variant -x -d 'In which way'
complete -c triptych -n $run -l set -x -d 'A parameter, KEY=VALUE'
complete -c triptych -n $run -l iterations -x -d 'Operations to do'
complete -c triptych -n $run -l seconds -x -d 'Do as many operations as fit in this time'
complete -c triptych -n $run -l warm-up -x -d 'Operations to do before'
complete -c triptych -n $run -l pin -x -d 'Stay on this CPU'
complete -c triptych -n $run -l control -d 'Do no operation once before'
complete -c triptych -n '__fish_seen_subcommand_from run list compare' -a '(triptych list 2>/dev/null | string match -r "^[a-z]+")'

set --local compare '__fish_seen_subcommand_from compare'
complete -c triptych -n $compare -l models -x -a 'process thread coroutine' -d 'Only these, with commas between'
complete -c triptych -n $compare -l quick -d 'In 20 seconds'
complete -c triptych -n $compare -l thorough -d 'In 15 minutes'
complete -c triptych -n $compare -l set -x -d 'A parameter, KEY=VALUE'
complete -c triptych -n $compare -l repetitions -x -d 'Processes started for each cell'
complete -c triptych -n $compare -s o -l output -r -F -d 'Write to this file'
complete -c triptych -n $compare -l keep-traces -x -a '(__fish_complete_directories)' -d 'Keep the recordings'
complete -c triptych -n $compare -l schema -d 'Print the JSON Schema'

set --local diff '__fish_seen_subcommand_from diff'
complete -c triptych -n $diff -l fail-on -x -a slower -d 'Exit with 5 when anything is'
complete -c triptych -n $diff -s o -l output -r -F -d 'Write to this file'
complete -c triptych -n $diff -F

set --local mark '__fish_seen_subcommand_from mark'
complete -c triptych -n $mark -l begin -d 'The phase begins'
complete -c triptych -n $mark -l end -d 'The phase ends'
complete -c triptych -n $mark -l point -d 'A moment'
