import { killAtOnce } from '../support/deaths.ts';
import { Run } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { cudaEnvironment, cudaScript, type GpuUnderTest, onlyGpu, startSeconds } from './gpuUnderTest.ts';
import { type Row, rowOf } from './rows.ts';

/** Whose death frees the memory; `owner` is the command line that has started the tree. */
export const victims = ['process', 'warden', 'owner'] as const;

/** Seconds from a SIGKILL until the process has ended and the driver lists it no more, neither by nvidia-smi nor by its library. */
export async function checkRelease(gpu: GpuUnderTest, limitSeconds: number): Promise<readonly Row[]> {
  const rows: Row[] = [];
  // One after the other: none may wait for the driver to tidy up behind another one.
  for (const victim of victims)
    rows.push(
      await rowOf(`memory is free after SIGKILL of the ${victim}`, `within ${limitSeconds} s`, async () => {
        const seconds = await secondsUntilFree(gpu, victim, limitSeconds);
        return seconds === undefined
          ? { ok: false, seen: `listed still after ${limitSeconds} s` }
          : { ok: true, seen: `${seconds.toFixed(1)} s` };
      }),
    );
  return rows;
}

/** Undefined where that takes longer than the limit. */
async function secondsUntilFree(gpu: GpuUnderTest, victim: (typeof victims)[number], limitSeconds: number): Promise<number | undefined> {
  const label = `release-${victim}`;
  await using run = new Run(onlyGpu(gpu.info.index));
  Object.assign(run.env, cudaEnvironment(run, label, gpu.share(0.1, 2 ** 32)));
  const owner = run.start(['run', '--', process.execPath, cudaScript]).pid;
  const [up] = await gpu.untilUp(run, label);
  const warden = await gpu.time.until('the warden is on record', startSeconds, () => run.wardenPids()[0]);
  if (!up) throw new Error('no CUDA process is up');
  await gpu.untilListed(up.pid);
  killAtOnce({ process: up.pid, warden, owner }[victim]);
  const begun = performance.now();
  return await gpu.time
    .until('the memory is free', limitSeconds, async () => {
      const isFree = !isAlive(up.pid) && !(await gpu.listed()).has(up.pid);
      return isFree ? (performance.now() - begun) / 1000 : undefined;
    })
    .catch(() => {
      gpu.time.signal.throwIfAborted();
      return undefined;
    });
}
