/**
 * Everything that is claimed about NVIDIA's GPUs, on the GPU of this machine: needs NVIDIA's driver on Linux, no CUDA toolkit and no network.
 *   npm run check:gpu [-- --gpu N --only memory|release|gpus|eviction --release-seconds N]      --gpu: its number in nvidia-smi
 * Prints one table. Exit status: 0 where all holds, 1 where something does not, 2 where there is no driver.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printTable } from '../support/table.ts';
import { checkEviction } from './checkEviction.ts';
import { checkGpus } from './checkGpus.ts';
import { checkMemory } from './checkMemory.ts';
import { checkRelease } from './checkRelease.ts';
import { CheckTime } from './checkTime.ts';
import { GpuUnderTest } from './gpuUnderTest.ts';
import { NoDriverError } from './nvidiaSmi.ts';
import { type Row, reasonOf } from './rows.ts';

/** When everything is called off, and when the process ends whatever has not ended until then, in milliseconds. */
const totalMillis = 7 * 60_000;
const lastMillis = totalMillis + 45_000;

const { values } = parseArgs({
  options: {
    gpu: { type: 'string', default: '0' },
    only: { type: 'string', multiple: true },
    // As long as the product itself waits for a driver.
    'release-seconds': { type: 'string', default: '10' },
    build: { type: 'boolean', default: false },
  },
});
const time = new CheckTime();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => time.end(`ended by ${signal}`));
setTimeout(() => time.end(`not over within ${totalMillis / 60_000} minutes`), totalMillis).unref();
setTimeout(() => process.exit(1), lastMillis).unref();
process.exitCode = await check();

async function check(): Promise<number> {
  let gpu: GpuUnderTest;
  try {
    gpu = await GpuUnderTest.find(Number(values.gpu), time);
  } catch (error) {
    const isMissing = error instanceof NoDriverError;
    console.error(isMissing ? `There is no GPU of NVIDIA with a driver that can be checked here: ${error.message}.` : reasonOf(error));
    return isMissing ? 2 : 1;
  }
  if (values.build) build();
  const { index, name, driverVersion } = gpu.info;
  const groups = await Promise.all([
    group('memory', async () => [await checkMemory(gpu)]),
    group('release', () => checkRelease(gpu, Number(values['release-seconds']))),
    group('gpus', () => checkGpus(gpu)),
  ]);
  // It takes all the memory that there is.
  const rows = [...groups.flat(), ...(await group('eviction', () => checkEviction(gpu)))];
  printTable(
    `${new Date().toISOString().slice(0, 10)}, driver ${driverVersion}, GPU ${index}: ${name}`,
    ['check', 'expected', 'seen', 'ok'],
    rows.map(({ check, expected, seen, ok }) => [check, expected, seen, ok ? 'yes' : '**no**']),
  );
  return rows.length > 0 && rows.every(({ ok }) => ok) ? 0 : 1;
}

/** Nothing where it was not asked for. What fails before its checks begin is a row, too. */
async function group(check: string, work: () => Promise<readonly Row[]>): Promise<readonly Row[]> {
  if (values.only && !values.only.includes(check)) return [];
  try {
    time.signal.throwIfAborted();
    return await work();
  } catch (error) {
    return [{ check, expected: 'can be tried', seen: reasonOf(error), ok: false }];
  }
}

/** `dist`, which is what is checked. */
function build(): void {
  const script = fileURLToPath(new URL('../../src/build/bundle.ts', import.meta.url));
  execFileSync(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'] });
}
