/**
 * A pool of six daemons on two nodes of a real Slurm: how many processes and jobs are left, and how many seconds it took until none was. Beside Tree Warden, the
 * same six are started by srun(1) and by sbatch(1) as their manuals have it. Prints a Markdown table. It needs root, as slurmd(8) does.
 *   node test/bench/slurm.ts
 */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/run.ts';
import { SlurmCluster, whyNoCluster } from '../support/slurmCluster.ts';
import { SlurmProject } from '../support/slurmProject.ts';
import { clearAway, survivorsOf } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';

const poolSize = 6;
/** Looked at for so long; what is left then is counted, in milliseconds. */
const deadlineMillis = 15_000;
/** The daemon in a session of its own is what no signal to a group reaches. */
const worker = `(setsid env -i /bin/sh -c 'sleep 700; :' &) ; setsid sleep 701 & exec sleep 702`;
const processesEach = 4;

interface Way {
  readonly name: string;
  start(project: SlurmProject): readonly ChildProcess[];
  /** What a user does to end it. */
  stop(project: SlurmProject, started: readonly ChildProcess[], cluster: SlurmCluster): void;
}

const six = Array.from({ length: poolSize }, (_, index) => index);
const each = (project: SlurmProject, program: string, args: readonly string[]): ChildProcess[] =>
  six.map(() => project.spawn(program, [...args]));

const ways: readonly Way[] = [
  { name: 'Tree Warden', start: (project) => [project.start(['up'])], stop: (_, [up]) => void up?.kill('SIGTERM') },
  {
    name: 'srun, ended by SIGTERM',
    start: (project) => each(project, 'srun', ['--ntasks=1', 'sh', '-c', worker]),
    stop: (_, started) => started.forEach((child) => void child.kill('SIGTERM')),
  },
  {
    name: 'sbatch, ended by scancel',
    start: (project) => each(project, 'sbatch', ['--ntasks=1', '--output=/dev/null', `--wrap=${worker}`]),
    stop: (_, __, cluster) => void cluster.ask('scancel', '--user=root'),
  },
];

/** What strikes, beside the stop: pids are those of programs that this bench has started. */
const deaths: Readonly<Record<string, (project: SlurmProject, started: readonly ChildProcess[]) => void>> = {
  'SIGKILL of what has started it': (_, started) => started.forEach((child) => void child.kill('SIGKILL')),
  'SIGKILL of every program on this side': (project, started) => {
    started.forEach((child) => void child.kill('SIGKILL'));
    for (const { pid, command } of survivorsOf(project.folder))
      if (/cli\.js up|warden\.js serve (?!.*--lease)|remote\.js connect|^srun /.test(command)) process.kill(pid, 'SIGKILL');
  },
};

const members = (project: SlurmProject): number =>
  survivorsOf(project.folder).filter(({ command }) => /^(?:sleep 70|\/bin\/sh -c sleep 700)/.test(command)).length;

async function tried(cluster: SlurmCluster, way: Way, end: 'stop' | keyof typeof deaths): Promise<string> {
  const runner = { type: 'slurm', lease: '10s' };
  const work = { command: worker, pty: false, instances: poolSize, stop: ['SIGTERM', '1s', 'SIGKILL'], runner };
  const project = new SlurmProject(cluster, { work });
  try {
    const started = way.start(project);
    await eventually('six run', () => members(project) >= poolSize * processesEach, 60_000);
    const begun = performance.now();
    if (end === 'stop') way.stop(project, started, cluster);
    else deaths[end]?.(project, started);
    const isOver = await eventually('none is left', () => members(project) === 0 && cluster.jobs()?.length === 0, deadlineMillis).then(
      () => true,
      () => false,
    );
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    return isOver ? `0 (${seconds} s)` : `${members(project)} processes, ${cluster.jobs()?.length ?? '?'} jobs`;
  } finally {
    cluster.ask('scancel', '--user=root', '--quiet');
    await eventually('no job is left', () => cluster.jobs()?.length === 0, 60_000).catch(() => undefined);
    await clearAway(project.folder);
    await project[Symbol.asyncDispose]();
    await sleep(500);
  }
}

const why = whyNoCluster();
if (why !== undefined) throw new Error(`There is no Slurm to try it with: ${why}.`);
const cluster = await SlurmCluster.start({ killWait: 5, cpusPerNode: 4 });
try {
  const rows: string[][] = [];
  for (const end of ['stop', ...Object.keys(deaths)]) {
    const row = [end];
    for (const way of ways) {
      row.push(await tried(cluster, way, end));
      console.error(`${end}, ${way.name}: ${row.at(-1)}`);
    }
    rows.push(row);
  }
  printTable('Six daemons on two nodes of Slurm: what is left', ['', ...ways.map(({ name }) => name)], rows);
} finally {
  await cluster[Symbol.asyncDispose]();
}
