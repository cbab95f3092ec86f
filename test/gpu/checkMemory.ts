import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { cli, Run } from '../support/run.ts';
import { cudaEnvironment, cudaScript, type GpuUnderTest, onlyGpu } from './gpuUnderTest.ts';
import { computeProcesses } from './nvidiaSmi.ts';
import { megabytes, type Row, rowOf } from './rows.ts';

const label = 'memory';
/** Time in which the figures agree, in seconds: the warden asks the driver every two. */
const agreeSeconds = 20;
/** How often the command line is asked, in milliseconds. */
const askMillis = 300;
/** How far two figures may be apart: as a part of nvidia-smi's, or in bytes, whichever is more. */
const tolerance = { part: 0.05, bytes: 64 * 2 ** 20 } as const;

interface Figures {
  /** Of the tree, and of its processes in the order of their pids, in bytes. */
  readonly byWarden: readonly number[];
  readonly byDriver: readonly number[];
}

/** What `tree-warden ps --json` says of a tree of two processes that hold different amounts, beside what nvidia-smi says of them. */
export async function checkMemory(gpu: GpuUnderTest): Promise<Row> {
  return await rowOf('memory of a tree, and of its two processes', 'as nvidia-smi says', async () => {
    await using run = new Run(onlyGpu(gpu.info.index));
    Object.assign(run.env, cudaEnvironment(run, label));
    const amounts = [gpu.share(0.05, 2 ** 29), gpu.share(0.1, 2 ** 30)];
    const commands = amounts.map((bytes) => `GPU_CHECK_BYTES=${bytes} "$0" "$1" &`);
    run.start(['run', '--', '/bin/sh', '-c', `${commands.join(' ')} wait`, process.execPath, cudaScript]);
    const pids = (await gpu.untilUp(run, label, amounts.length)).map(({ pid }) => pid);
    for (const pid of pids) await gpu.untilListed(pid);
    const allocated = amounts.reduce((sum, bytes) => sum + bytes, 0);
    let last: Figures = { byWarden: [], byDriver: [] };
    const ok = await gpu.time
      .until(
        'the figures agree',
        agreeSeconds,
        async () => {
          last = await figuresOf(run, pids);
          return agree(last) && (last.byDriver[0] ?? 0) >= allocated;
        },
        askMillis,
      )
      .catch(() => {
        gpu.time.signal.throwIfAborted();
        return false;
      });
    const text = ([tree = Number.NaN, ...processes]: readonly number[]): string =>
      `${megabytes(tree)} (${processes.map(megabytes).join(' + ')})`;
    return {
      ok,
      expected: `${text(last.byDriver)} by nvidia-smi, ${megabytes(allocated)} at least`,
      seen: `${text(last.byWarden)} by \`ps --json\``,
    };
  });
}

async function figuresOf(run: Run, pids: readonly number[]): Promise<Figures> {
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'ps', '--json'], { cwd: run.workFolder, env: run.env });
  const [tree] = JSON.parse(stdout) as Pick<TreeSnapshot, 'gpu' | 'members'>[];
  const driver = await computeProcesses();
  const ofDriver = pids.map((pid) => driver.get(pid) ?? 0);
  const ofWarden = pids.map((pid) => tree?.members.find((member) => member.pid === pid)?.gpu?.memoryBytes ?? 0);
  return {
    byWarden: [tree?.gpu?.memoryBytes ?? 0, ...ofWarden],
    byDriver: [ofDriver.reduce((sum, bytes) => sum + bytes, 0), ...ofDriver],
  };
}

function agree({ byWarden, byDriver }: Figures): boolean {
  return byDriver.every((bytes, at) => Math.abs((byWarden[at] ?? 0) - bytes) <= Math.max(bytes * tolerance.part, tolerance.bytes));
}
