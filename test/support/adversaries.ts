import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program that is hard to get rid of. Each gets the run's folder as an argument, by which its processes are found. */
export interface Adversary {
  readonly name: string;
  readonly argv: (folder: string) => [string, ...string[]];
  /** Processes that there are at least, once it is up. */
  readonly processes: number;
  /** The leader ends by itself; the tree lives by its other members. */
  readonly leaderLeaves?: true;
  /** A command that has to be installed. */
  readonly needs?: string;
  /**
   * Its processes are known only by having been seen: before all that are to stay are on record, a dead warden's reaper could not know them. The
   * programs of all of them in order, by which a moment is told at which something else, that has still to start one, makes up the number.
   */
  readonly recordedAs?: readonly string[];
  /**
   * So many processes that looks at all of them, and other trees beside it, would take the processors that it is to be made with: it is tried by itself,
   * and looked at when it has made the file `up` in its folder.
   */
  readonly isCrowd?: true;
  /** It does something that only root may do. */
  readonly needsRoot?: true;
}

const scripts = fileURLToPath(new URL('../fixtures/adversaries', import.meta.url));
const script =
  (file: string) =>
  (folder: string): [string, ...string[]] => [file.endsWith('.pl') ? 'perl' : 'sh', join(scripts, file), folder];

export const adversaries: readonly Adversary[] = [
  { name: 'twelve shells deep', argv: script('twelve-deep.sh'), processes: 13 },
  { name: 'two hundred children', argv: script('two-hundred.sh'), processes: 201 },
  { name: 'deaf to TERM', argv: script('deaf.sh'), processes: 2 },
  { name: 'own session', argv: script('own-session.sh'), processes: 4 },
  { name: 'double-forked daemon', argv: script('daemon.sh'), processes: 3 },
  { name: 'the same with env -i', argv: script('daemon-without-environment.sh'), processes: 3 },
  { name: 'leader leaves at once', argv: script('leader-leaves.sh'), processes: 2, leaderLeaves: true },
  { name: 'stopped members', argv: script('stopped.sh'), processes: 4 },
  { name: 'forks and leaves', argv: script('hopper.pl'), processes: 2 },
  { name: 'zombies', argv: script('zombies.pl'), processes: 2 },
  { name: 'redis', argv: script('redis.sh'), processes: 3, needs: 'redis-server' },
  { name: 'nginx', argv: script('nginx.sh'), processes: 7, needs: 'nginx' },
  { name: 'bursts of forks', argv: script('fork-burst.pl'), processes: 20 },
  { name: 'another user', argv: script('other-user.sh'), processes: 4, needsRoot: true },
  { name: 'uninterruptible wait', argv: script('uninterruptible.pl'), processes: 2 },
  { name: 'own user namespace', argv: script('own-user-namespace.sh'), processes: 5 },
  { name: 'sheds all it can', argv: script('nothing-left.pl'), processes: 2 },
  { name: 'takes its mark back', argv: script('takes-back.sh'), processes: 3, recordedAs: ['sh', 'tail', 'tail'] },
  { name: 'changes its oom score', argv: script('first-to-die.sh'), processes: 4 },
  { name: 'a thousand members', argv: script('thousand.pl'), processes: 1000, isCrowd: true },
  { name: 'tmux', argv: script('tmux.sh'), processes: 4, needs: 'tmux' },
];

const fixtures = fileURLToPath(new URL('../fixtures/programs', import.meta.url));
const interpreters: Readonly<Record<string, string>> = { sh: 'sh', py: 'python3', cjs: process.execPath };
const program =
  (file: string) =>
  (folder: string): [string, ...string[]] => [interpreters[file.split('.').at(-1) ?? ''] ?? 'sh', join(fixtures, file), folder];

/** Programs that people use, hard to get rid of in ways of their own. Those that detach themselves are their tree's life. */
export const programs: readonly Adversary[] = [
  { name: 'memcached -d', argv: program('memcached.sh'), processes: 1, leaderLeaves: true, needs: 'memcached' },
  { name: 'screen -dm', argv: program('screen.sh'), processes: 2, leaderLeaves: true, needs: 'screen' },
  { name: 'haproxy -W -D', argv: program('haproxy.sh'), processes: 2, leaderLeaves: true, needs: 'haproxy' },
  { name: 'lighttpd, 3 workers', argv: program('lighttpd.sh'), processes: 4, leaderLeaves: true, needs: 'lighttpd' },
  { name: 'apache2, prefork', argv: program('apache.sh'), processes: 5, leaderLeaves: true, needs: 'apache2' },
  { name: 'dbus-daemon --fork', argv: program('dbus.sh'), processes: 1, leaderLeaves: true, needs: 'dbus-daemon' },
  { name: 'gpg-agent --daemon', argv: program('gpg-agent.sh'), processes: 1, leaderLeaves: true, needs: 'gpg-agent' },
  { name: 'ssh-agent', argv: program('ssh-agent.sh'), processes: 1, leaderLeaves: true, needs: 'ssh-agent' },
  { name: 'dnsmasq', argv: program('dnsmasq.sh'), processes: 3, needs: 'dnsmasq', needsRoot: true },
  { name: 'supervisord', argv: program('supervisord.sh'), processes: 6, leaderLeaves: true, needs: 'supervisord' },
  { name: 'start-stop-daemon', argv: program('start-stop-daemon.sh'), processes: 3, leaderLeaves: true, needs: 'start-stop-daemon' },
  { name: 'git daemon --detach', argv: program('git-daemon.sh'), processes: 3, needs: 'git' },
  { name: 'multiprocessing pool', argv: program('pool.py'), processes: 6, needs: 'python3' },
  { name: 'node cluster', argv: program('cluster.cjs'), processes: 4 },
  { name: 'chromium', argv: program('chromium.sh'), processes: 6, needs: 'chromium' },
];

/** Why this adversary cannot be had here; false where it can. */
export function skipReason({ needs, needsRoot }: Adversary): string | false {
  if (needs !== undefined && !isInstalled(needs)) return `${needs} is not installed`;
  return needsRoot && process.getuid?.() !== 0 ? 'only root may do this' : false;
}

export function isInstalled(command: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => existsSync(join(folder, command)));
}
