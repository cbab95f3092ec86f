import { type ChildProcess, spawn } from 'node:child_process';
import type { ProcessIdentity } from '../../platform/platform.ts';

/**
 * Reads lines of `pid:startTime …` and cgroups' folders, the newest being who lives now. `bye` ends it in peace; the end of its input means
 * that the warden is gone: it runs the reaper, and where that cannot be run any more (the editor has been uninstalled, the
 * disk is gone), it kills everyone in those cgroups, and of the newest line who is still the same process (field 22 of
 * /proc/PID/stat).
 */
const script = `
trap '' HUP INT QUIT TERM TSTP
kill_if_same() {
  IFS= read -r stat < "/proc/$1/stat" || return
  pid=$1 start=$2
  set -- \${stat##*) }
  [ "\${20}" = "$start" ] && kill -KILL "$pid"
}
members=
while IFS= read -r line; do
  [ "$line" = bye ] && exit 0
  members=$line
done
"$@" && exit 0
for member in $members; do
  case $member in
    /*) echo 1 > "$member/cgroup.kill" ;;
    *) kill_if_same "\${member%:*}" "\${member#*:}" ;;
  esac
done
`;

/** What the warden needs of one. */
export interface Switch {
  /** Null where there is none. */
  readonly pid: number | null;
  tell(members: readonly ProcessIdentity[], containers: readonly string[]): void;
  release(): void;
}

/** Where the kernel itself ends everything that the warden has started. */
export const noSwitch: Switch = { pid: null, tell: () => undefined, release: () => undefined };

/**
 * The dead man's switch: a shell of a megabyte, in a session of its own, that outlives the warden by the time it takes to
 * kill what the warden left.
 */
export class DeadMansSwitch implements Switch {
  readonly #reaper: readonly string[];
  readonly #onSpawn: (pid: number) => void;
  readonly #onLost: (pid: number) => void;
  #process: ChildProcess;
  #told = '';
  #released = false;

  /** `reaper`: the command that ends what is left; `onLost` hears of every end of a switch, before it is replaced. */
  constructor(reaper: readonly string[], onSpawn: (pid: number) => void, onLost: (pid: number) => void) {
    this.#reaper = reaper;
    this.#onSpawn = onSpawn;
    this.#onLost = onLost;
    this.#process = this.#start();
  }

  get pid(): number | null {
    return this.#process.pid ?? null;
  }

  /** `containers`: folders of cgroups; one with a space in its name is left to the reaper. */
  tell(members: readonly ProcessIdentity[], containers: readonly string[]): void {
    const folders = containers.filter((folder) => !/\s/.test(folder));
    const line = [...folders, ...members.map(({ pid, startTime }) => `${pid}:${startTime}`)].join(' ');
    if (line === this.#told) return;
    this.#told = line;
    this.#process.stdin?.write(`${line}\n`);
  }

  /** To be called when nobody is left to be guarded. */
  release(): void {
    this.#released = true;
    this.#process.stdin?.end('bye\n');
  }

  #start(): ChildProcess {
    const child = spawn('/bin/sh', ['-c', script, 'tree-warden-switch', ...this.#reaper], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
    });
    if (child.pid !== undefined) this.#onSpawn(child.pid);
    child.stdin.on('error', () => undefined);
    child.on('error', () => undefined);
    child.on('exit', () => {
      if (child.pid !== undefined) this.#onLost(child.pid);
      if (this.#released) return;
      this.#process = this.#start();
      this.#process.stdin?.write(`${this.#told}\n`);
    });
    return child;
  }
}
