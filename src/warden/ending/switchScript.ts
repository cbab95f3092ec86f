/** What a reaper that runs is called in /proc/PID/stat, which keeps 15 bytes of a name (proc_pid_stat(5)). */
export const reaperName = 'tree-warden-rea';

/**
 * The first argument is a first line, the others are the reaper's command. Each line of the input names what lives now, as `pid:startTime …` and
 * folders of cgroups, and the newest line counts. A line that begins with `+` adds to what was named before: the shell reads a pipe byte by byte, and of
 * a hundred processes that start at once, each would name all before it. `stand-down` ends the switch without killing anything. The end of the input means that the
 * warden is gone: the switch kills everything in those cgroups, every process of the newest line that is still the same one (field 22 of
 * /proc/PID/stat) and all that descends from it, and runs the reaper for the rest.
 *
 * Killing from the list uses nothing but the shell's own commands, and comes first, because the reaper may be out of reach: a tree that has used
 * up the user's processes (RLIMIT_NPROC) leaves none for a fork, and the editor may have been uninstalled. All are stopped before the first is
 * killed: each end makes room for a fork, and a parent that goes on would fill it with children that are on no list. A shell that cannot fork ends
 * at once (bash: after some retries); its EXIT trap then kills from the list once more.
 *
 * A child that was born after the last look of the warden is on no list either. Once its parent is killed, only a mark ties it to its tree, and that of
 * another user's process counts for nothing (a worker of nginx's is one). So it is looked up while its parent is stopped: a stopped parent collects
 * no child, so that no pid of one passes to another process.
 *
 * A reaper that is started while the last processes of such a tree are still being removed may hang: Node waits for ever for a thread that could
 * not be created, before it runs anything. A reaper that runs has `reaperName`; one that has not named itself in time is killed, and the next one
 * has more time.
 *
 * The first process, this one and those that it runs under (field 4) are spared, whatever the list says: `cgroup.kill` ends all below a cgroup, so
 * all below it are looked at, to a depth of 32; from a deeper one, processes are killed one by one.
 */
export const switchScript = `
trap '' HUP INT QUIT TERM TSTP
find_protected() {
  protected=" 0 1 $$ " above=$$
  while IFS= read -r stat < "/proc/$above/stat"; do
    set -- \${stat##*) }
    above=$2 protected="$protected$2 "
    [ "$above" -gt 1 ] || break
  done
}
may_kill() {
  case $1 in '' | *[!0-9]* | 0*) return 1 ;; esac
  case $protected in *" $1 "*) return 1 ;; esac
}
signal_if_same() {
  may_kill "$2" || return
  IFS= read -r stat < "/proc/$2/stat" || return
  signal=$1 pid=$2 start=$3
  set -- \${stat##*) }
  [ "\${20}" = "$start" ] && kill "-$signal" "$pid"
}
stop_listed() {
  stopped=
  for member in $members; do
    case $member in /*) continue ;; esac
    signal_if_same STOP "\${member%:*}" "\${member#*:}" && stopped="$stopped $pid"
  done
}
stop_child() {
  may_kill "$1" || return
  IFS= read -r stat < "/proc/$1/stat" || return
  child=$1 parent=$2
  set -- \${stat##*) }
  [ "$2" = "$parent" ] && kill -STOP "$child" || return
  born="$born $child" seen="$seen$child " members="$members $child:\${20}"
}
stop_descendants() {
  generation=0 seen=" $stopped "
  while [ -n "$stopped" ] && [ "$generation" -lt 1000 ]; do
    born= generation=$((generation + 1))
    for parent in $stopped; do
      for thread in /proc/"$parent"/task/*/children; do
        children=
        IFS= read -r children < "$thread"
        for child in $children; do
          case $seen in *" $child "*) ;; *) stop_child "$child" "$parent" ;; esac
        done
      done
    done
    stopped=$born
  done
}
kill_members() {
  for member in $members; do
    case $member in /*) ;; *) signal_if_same KILL "\${member%:*}" "\${member#*:}" ;; esac
  done
}
may_kill_cgroup() {
  [ "$2" -lt 32 ] || return 1
  while IFS= read -r pid; do
    may_kill "$pid" || return 1
  done < "$1/cgroup.procs"
  for below in "$1"/*/ "$1"/.[!.]*/; do
    if [ -d "$below" ]; then may_kill_cgroup "\${below%/}" $(($2 + 1)) || return 1; fi
  done
}
kill_cgroup() {
  [ -w "$1/cgroup.kill" ] && may_kill_cgroup "$1" 0 && echo 1 > "$1/cgroup.kill"
}
kill_listed() {
  for member in $members; do
    case $member in /*) kill_cgroup "$member" ;; esac
  done
  stop_listed
  stop_descendants
  kill_members
}
seconds() {
  IFS=' .' read -r now rest < /proc/uptime
}
has_started() {
  IFS= read -r stat < "/proc/$1/stat" || return 0
  case $stat in *"(${reaperName})"* | *') Z '*) return 0 ;; esac
  return 1
}
reap() {
  patience=$1
  shift
  "$@" &
  reaper=$!
  if seconds; then
    limit=$((now + patience))
    until has_started "$reaper"; do
      seconds
      if [ "$now" -ge "$limit" ]; then
        kill -KILL "$reaper"
        break
      fi
      sleep 1
    done
  fi
  wait "$reaper"
}
members=$1
shift
while IFS= read -r line; do
  case $line in
    stand-down) exit 0 ;;
    '+ '*) members="$members \${line#+ }" ;;
    *) members=$line ;;
  esac
done
find_protected
trap kill_listed EXIT
kill_listed
reap 5 "$@" || reap 15 "$@" || reap 45 "$@"
`;
