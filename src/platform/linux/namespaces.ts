/** PID namespaces, through unshare(1) and setpriv(1) of util-linux, for whom the kernel itself kills all at their warden's end. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContainmentError } from '../container.ts';

/** What a terminal's keys send to the command must not end unshare(1), which stands in the same group. */
const keys = 'INT,QUIT,TSTP';
export const deafToKeys = ['/bin/sh', '-c', `trap '' ${keys.replaceAll(',', ' ')}; exec "$@"`, 'tree-warden-namespace'] as const;

/**
 * The first process of the namespace: starts the command, waits for it, and ends with its exit status, at which the kernel kills
 * what is left inside. It stands between because a command that is itself the first process would be deaf to every signal
 * it does not handle (pid_namespaces(7)), and because the orphans have to be reaped. The shell's own remarks on how the
 * command was killed go nowhere. env(1) gives the keys their effect back, which a shell cannot; the second shell is for a
 * command with an = in its path, which env would take for a variable.
 */
const runCommand = `exec 9>&2 2>/dev/null; (exec env --default-signal=${keys} /bin/sh -c 'exec "$@"' sh "$@" 2>&9 9>&-); code=$?;`;
export const init = `${runCommand} exit $code`;
/** The same, and stays until no other process is left. */
export const initThatWaitsForAll = `${runCommand} while kill -0 -1; do sleep 0.1; done; exit $code`;

export interface NamespaceOffer {
  /** What stands before the command; undefined where there are no namespaces for this user. */
  readonly prefix: readonly [string, ...string[]] | undefined;
  readonly why: string;
  readonly advice?: string;
}

/** Tries which form this machine allows. Takes some ten milliseconds. */
export function detectNamespaces(isRoot = process.getuid?.() === 0): NamespaceOffer {
  // Root needs no user namespace, and in one with a single user in it could not become another user any more.
  const user = isRoot ? [] : ['--user', '--map-current-user'];
  const problems: string[] = [];
  for (const mountProc of [['--mount-proc'], []]) {
    const prefix = [
      ...deafToKeys,
      'setpriv',
      '--pdeathsig',
      'KILL',
      'unshare',
      ...user,
      '--pid',
      '--fork',
      '--kill-child',
      ...mountProc,
    ] as const;
    const problem = problemWith(wrapInNamespace(prefix, ['/bin/sh', '-c', 'exit 0'], false));
    if (problem === undefined) {
      const why = 'a PID namespace for each tree; when the warden dies, the kernel kills all in it';
      return mountProc.length > 0
        ? { prefix, why }
        : {
            prefix,
            why: `${why}; /proc inside shows the whole machine (${problems[0]})`,
            advice: 'Programs that read /proc may be confused; use "auto" for those.',
          };
    }
    problems.push(problem);
  }
  return { prefix: undefined, why: problems.at(-1) ?? 'it was refused', advice: adviceFor(problems.join()) };
}

export function wrapInNamespace(
  prefix: readonly [string, ...string[]],
  argv: readonly string[],
  waitsForAll: boolean,
): [string, ...string[]] {
  return [...prefix, '/bin/sh', '-c', waitsForAll ? initThatWaitsForAll : init, 'tree-warden-init', ...argv];
}

/**
 * What stands before a command that joins the namespaces of a tree, whose first process is a child of `leader`: see nsenter(1), which stays outside and
 * ends as the command does.
 * @throws ContainmentError where there is no such process, or no nsenter.
 */
export async function enteringNamespaces(leader: number, cwd: string): Promise<[string, ...string[]]> {
  const inside = await firstInside(leader);
  if (inside === undefined) throw new ContainmentError('The first process in the namespace of the process to join is gone.');
  if (!isInPath('nsenter')) throw new ContainmentError('There is no nsenter(1) to join a PID namespace with. Install util-linux.');
  const death = ['setpriv', '--pdeathsig', 'KILL'];
  // The kernel lets no process enter the user namespace that it is in.
  const user = userNamespaceOf(inside) === userNamespaceOf('self') ? [] : ['--user', '--preserve-credentials'];
  const enter = ['nsenter', '--target', String(inside), ...user, '--mount', '--pid', '--'];
  const command = ['env', `--default-signal=${keys}`, '/bin/sh', '-c', 'cd "$0" && exec "$@"', cwd];
  return [...deafToKeys, ...death, ...enter, ...command];
}

function userNamespaceOf(pid: number | 'self'): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/user`);
  } catch {
    return undefined; // It has ended: nsenter says so.
  }
}

/** How long the first process of a namespace may take to be there, and how often it is looked for, in milliseconds. */
const insideMillis = 2000;
const lookMillis = 10;

/** A tree that has just been started is still to make its namespace. */
async function firstInside(leader: number): Promise<number | undefined> {
  for (let waited = 0; waited < insideMillis; waited += lookMillis) {
    const inside = childOf(leader);
    if (inside !== undefined) return inside;
    await sleep(lookMillis);
  }
  return undefined;
}

function childOf(pid: number): number | undefined {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || undefined;
  } catch {
    return undefined;
  }
}

function problemWith(argv: readonly [string, ...string[]]): string | undefined {
  const tools = ['setpriv', 'unshare', 'env'].filter((tool) => !isInPath(tool));
  if (tools.length > 0) return `there is no ${tools.join('(1) and no ')}(1)`;
  const [program, ...args] = argv;
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 5000, stdio: ['ignore', 'ignore', 'pipe'] });
  if (error) return error.message;
  if (status === 0) return undefined;
  // 125 is env's own failure, whose words go where the shell's go.
  return stderr.trim().split('\n')[0] || (status === 125 ? 'env(1) has no --default-signal' : `unshare ended with status ${status}`);
}

/** The switches that distributions put in the way, each with the sentence that names it. */
export function adviceFor(problem: string): string {
  if (problem.includes('(1)')) return 'Install util-linux and coreutils.';
  if (readSwitch('kernel/apparmor_restrict_unprivileged_userns') === '1')
    return 'AppArmor keeps user namespaces from ordinary programs here (Ubuntu 24.04 does): as root, sysctl kernel.apparmor_restrict_unprivileged_userns=0.';
  if (readSwitch('kernel/unprivileged_userns_clone') === '0') return 'As root: sysctl kernel.unprivileged_userns_clone=1.';
  if (readSwitch('user/max_user_namespaces') === '0') return 'As root: sysctl user.max_user_namespaces=10000.';
  return 'In a Docker container, the default seccomp profile forbids it; start the container with --security-opt seccomp=unconfined.';
}

function isInPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(join(folder, program)));
}

function readSwitch(name: string): string | undefined {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}
