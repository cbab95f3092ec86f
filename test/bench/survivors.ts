/**
 * How many processes of each adversary are left by Tree Warden and by its peers: on a normal stop, and when the manager
 * itself is killed. Prints Markdown tables; the last lines count the adversaries that had survivors.
 *   node test/bench/survivors.ts [stop|kill|both] [PEER…]      one of the tables, or some of the peers, only
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawn as spawnOnTerminal } from 'node-pty';
import { root } from '../../src/build/paths.ts';
import { type Adversary, adversaries, isInstalled } from '../support/adversaries.ts';
import { death, graceMillis, survivorsOfDeath } from '../support/deaths.ts';
import { ensurePeers, peersFolder } from '../support/peers.ts';
import { eventually, Run } from '../support/run.ts';
import { clearAway, isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';

/** Grace of half a second, and one second more: the same for each program. */
const timeoutMillis = 1500;
const fixtures = fileURLToPath(new URL('../fixtures/peers', import.meta.url));

interface Peer {
  readonly name: string;
  readonly needs?: string;
  /** Starts the adversary under this peer; the manager is whom a crash would hit. */
  start(run: Run, argv: readonly string[]): { readonly manager: () => number | undefined; stop(): void };
}

const peerBin = (name: string): string => join(peersFolder, 'node_modules', '.bin', name);
const quote = (argv: readonly string[]): string => argv.map((word) => `'${word}'`).join(' ');

function launch(run: Run, command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(command, args, { cwd: run.workFolder, env: { ...run.env, ...env }, stdio: 'ignore', detached: true });
}

const bySignal = (child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM') => ({
  manager: () => child.pid,
  stop: () => void child.kill(signal),
});

const peers: readonly Peer[] = [
  {
    name: 'Tree Warden, as a library',
    start: (run, argv) =>
      bySignal(launch(run, process.execPath, [join(fixtures, 'library.mjs'), join(root, 'dist', 'library.js'), ...argv])),
  },
  {
    name: 'execa, killDescendants',
    start: (run, argv) => bySignal(launch(run, process.execPath, [join(fixtures, 'execa.mjs'), peersFolder, ...argv])),
  },
  {
    name: 'tree-kill',
    start: (run, argv) => bySignal(launch(run, process.execPath, [join(fixtures, 'tree-kill.mjs'), peersFolder, ...argv])),
  },
  { name: 'concurrently', start: (run, argv) => bySignal(launch(run, peerBin('concurrently'), ['--kill-timeout', '500', quote(argv)])) },
  {
    name: 'pm2',
    start: (run, argv) => {
      const home = join(run.folder, 'pm2');
      const env = { PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' };
      const script = join(run.workFolder, 'pm2-run.sh');
      writeFileSync(script, `exec ${quote(argv)}\n`);
      spawnSync(peerBin('pm2'), ['start', script, '--interpreter', 'sh', '--name', 'it', '--no-autorestart', '--kill-timeout', '500'], {
        cwd: run.workFolder,
        env: { ...run.env, ...env },
        stdio: 'ignore',
      });
      return {
        manager: () => survivorsOf(run.folder).find(({ command }) => command.includes('God Daemon'))?.pid,
        stop: () => void launch(run, peerBin('pm2'), ['delete', 'it'], env),
      };
    },
  },
  {
    name: 'supervisord',
    needs: 'supervisord',
    start: (run, argv) => {
      const config = join(run.folder, 'supervisord.conf');
      writeFileSync(
        config,
        `[supervisord]\nnodaemon=true\nlogfile=${run.folder}/s.log\npidfile=${run.folder}/s.pid\nuser=${process.getuid?.() === 0 ? 'root' : ''}\n[program:it]\ncommand=${argv.join(' ')}\nautorestart=false\nstartsecs=0\nstopwaitsecs=1\nstopasgroup=true\nkillasgroup=true\n`,
      );
      return bySignal(launch(run, 'supervisord', ['-c', config]));
    },
  },
  {
    name: 'mprocs',
    // Its keys end it: q asks the processes to end, Q kills them.
    start: (run, argv) => {
      const binary = join(
        peersFolder,
        'node_modules',
        'mprocs',
        `mprocs-0.9.6-linux-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}-musl`,
        'mprocs',
      );
      const terminal = spawnOnTerminal(binary, [quote(argv)], { cwd: run.workFolder, env: run.env });
      const stop = (): void => {
        terminal.write('q');
        setTimeout(() => terminal.write('Q'), graceMillis);
      };
      return { manager: () => terminal.pid, stop };
    },
  },
  { name: 'tini', needs: 'tini', start: (run, argv) => bySignal(launch(run, 'tini', ['-s', '-g', '--', ...argv])) },
];

/** `null`: what it needs is not installed. */
async function survivorsWith(peer: Peer, adversary: Adversary, how: 'stop' | 'kill'): Promise<number | null> {
  if ((peer.needs && !isInstalled(peer.needs)) || (adversary.needs && !isInstalled(adversary.needs))) return null;
  await using run = new Run();
  const { manager, stop } = peer.start(run, adversary.argv(run.workFolder));
  try {
    const pid = await eventually('the manager is there', manager);
    const isMember = ({ command }: { readonly command: string }): boolean =>
      !/library\.mjs|warden\.js|tree-warden|execa\.mjs|tree-kill\.mjs|concurrently|pm2|supervisord|^tini|mprocs|God Daemon|ProcessContainer/.test(
        command,
      );
    const members = (): ReturnType<typeof survivorsOf> =>
      survivorsOf(run.workFolder).filter((process) => process.pid !== pid && isMember(process));
    await eventually(`${adversary.name} is up under ${peer.name}`, () => members().length >= adversary.processes);
    if (how === 'stop') stop();
    // A manager that has left with its leader cannot be killed any more.
    else if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    await sleep(timeoutMillis);
    await survivorsAfterLooking(run.workFolder);
    let most = 0;
    for (let look = 0; look < 12; look++) {
      most = Math.max(most, members().length);
      await sleep(3);
    }
    return most;
  } finally {
    const pid = manager();
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
    await clearAway(run.folder);
  }
}

ensurePeers();
const [, , only, ...chosen] = process.argv;
const tried = peers.filter(({ name }) => chosen.length === 0 || chosen.includes(name));
const header = ['', 'Tree Warden', ...tried.map((peer) => peer.name)];
const tally = new Map<string, number[]>();
for (const [how, title] of [
  ['stop', 'Processes left 1 s after the grace of a normal stop'],
  ['kill', 'Processes left 1.5 s after the manager itself was killed (for Tree Warden: command line and warden both)'],
] as const) {
  if (['stop', 'kill'].includes(only ?? '') && only !== how) continue;
  const rows: string[][] = [];
  for (const adversary of adversaries) {
    const end = death(how === 'stop' ? 'stop' : 'of both');
    const counts: (number | null)[] = [(await survivorsOfDeath(adversary, end, { timeoutMillis: graceMillis + 1000 })).survivors.length];
    for (const peer of tried) counts.push(await survivorsWith(peer, adversary, how));
    counts.forEach((count, column) => {
      const [, ...names] = header;
      const name = `${names[column]}, ${how}`;
      tally.set(name, [...(tally.get(name) ?? []), ...(count === null ? [] : [count])]);
    });
    rows.push([adversary.name, ...counts.map((count) => (count === null ? '–' : String(count)))]);
  }
  printTable(title, header, rows);
}
for (const [name, counts] of tally) console.log(`${name}: survivors in ${counts.filter((count) => count > 0).length} of ${counts.length}`);
