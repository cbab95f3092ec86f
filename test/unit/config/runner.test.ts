/** Where a process runs, as processes.json says it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveRunner, runnerSchema } from '../../../src/config/runnerSchema.ts';

const resolved = (written: unknown): unknown => resolveRunner(runnerSchema.parse(written), '/w');
const problemOf = (written: unknown): string =>
  runnerSchema
    .safeParse(written)
    .error?.issues.map(({ message }) => message)
    .join() ?? '';

describe('a runner', () => {
  const usual = { leaseMillis: 30_000, workspace: '/w' };
  const cases: readonly (readonly [unknown, object])[] = [
    ['slurm', { type: 'slurm', ...usual }],
    [
      { type: 'slurm', gpus: 1, memory: '2g', time: '90m' },
      { type: 'slurm', gpus: '1', memoryBytes: 2 ** 31, timeMillis: 5_400_000, ...usual },
    ],
    [
      { type: 'slurm', gpus: 'a100:2', cpus: 4, node: 'n1' },
      { type: 'slurm', gpus: 'a100:2', cpus: 4, node: 'n1', ...usual },
    ],
    [
      { type: 'ssh', host: 'me@gpu1', lease: '5s', folder: '/home/me', extra: ['-p', '22'] },
      { type: 'ssh', host: 'me@gpu1', leaseMillis: 5000, folder: '/home/me', extra: ['-p', '22'], workspace: '/w' },
    ],
  ];
  for (const [written, expected] of cases)
    it(`is read from ${JSON.stringify(written)}`, () => assert.deepEqual(resolved(written), expected));

  const refused: readonly unknown[] = [
    'ssh',
    'pbs',
    {},
    { type: 'ssh' },
    { type: 'ssh', host: '-oProxyCommand=x' },
    { type: 'ssh', host: 'a b' },
    { type: 'ssh', host: 'a', gpus: 1 },
    { type: 'slurm', host: 'a' },
    { type: 'slurm', lease: '1s' },
    { type: 'slurm', lease: '25h' },
    { type: 'slurm', folder: 'relative' },
    { type: 'slurm', partition: '--wrap=x' },
    { type: 'slurm', gpus: '1 --wrap=x' },
    { type: 'slurm', cpus: 0 },
    { type: 'slurm', nodes: 2 },
  ];
  for (const written of refused) it(`is refused: ${JSON.stringify(written)}`, () => assert.notEqual(problemOf(written), ''));
});
