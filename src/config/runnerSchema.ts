/** The schema of where a process runs that does not run on this machine. */
import { isAbsolute } from 'node:path';
import * as z from 'zod';
import type { Runner } from '../protocol/runner.ts';
import { memorySize } from './limits.ts';
import { argument, count, duration, path, text } from './values.ts';

/** Bounds of a lease, in milliseconds: a shorter one ends processes whenever the network is slow, a longer one is none. */
const leaseMillis = { least: 5000, most: 24 * 3_600_000, usual: 30_000 } as const;
/** Maximum number of options that are handed on. */
const maxExtra = 100;

const common = {
  lease: duration(leaseMillis.least)
    .refine((millis) => millis <= leaseMillis.most, 'must be at most 24h')
    .optional()
    .describe('Time without a sign of life from this machine after which everything on the node is ended. Default: "30s".'),
  folder: path
    .refine((written) => isAbsolute(written), 'must be an absolute path')
    .optional()
    .describe('Folder on the node that takes the place of the workspace folder. Default: the same path, as on a shared file system.'),
};
const extra = z.array(argument, 'must be a list of options').max(maxExtra, `must be at most ${maxExtra} options`).optional();
const word = text.refine((written) => !/^-|\s/.test(written), 'must not begin with a - or contain a space');

const slurm = z.strictObject({
  type: z.literal('slurm'),
  partition: word.optional().describe('Partition. Default: that of the cluster.'),
  node: word.optional().describe('Name of the node to run on. Default: any.'),
  gpus: z
    .union([count().max(1000), word.regex(/^\w[\w.-]*(?::\d+)?$/, 'must be a number, or a type and a number such as "a100:2"')])
    .transform(String)
    .optional()
    .meta({ description: 'GPUs: a number, or a type and a number.', examples: [1, 'a100:2'] }),
  cpus: count().max(100_000).optional().describe('Processors. Default: that of the cluster, usually 1.'),
  memory: memorySize.optional().describe('Memory: "16g", or a number of bytes.'),
  time: duration(1000).optional().describe('Time limit of the job: "2h". Default: that of the partition.'),
  qos: word.optional().describe('Quality of service.'),
  account: word.optional().describe('Account that the job is charged to.'),
  extra: extra.meta({ description: 'Further options of sbatch.', examples: [['--constraint=ib']] }),
  ...common,
});

const ssh = z.strictObject({
  type: z.literal('ssh'),
  host: word.describe(
    'The machine, as ssh takes it: "gpu1", "me@gpu1", or a Host of ~/.ssh/config. It is reached with your own keys, and without a question.',
  ),
  extra: extra.meta({ description: 'Further options of ssh.', examples: [['-p', '2222']] }),
  ...common,
});

export const runnerSchema = z
  .union(
    [z.literal('slurm').transform((type): z.output<typeof slurm> => ({ type })), slurm, ssh],
    'must be "slurm", or an object such as { "type": "slurm", "gpus": 1 } or { "type": "ssh", "host": "gpu1" }',
  )
  .meta({
    description:
      'Where the process runs that is not to run on this machine: a job of Slurm, or a machine that ssh reaches. Its output, ports and figures are here as those of any other, and nothing of it outlives its stop, its window, or the loss of the connection for longer than the lease.',
    examples: ['slurm', { type: 'slurm', partition: 'gpu', gpus: 1, memory: '32g', time: '2h' }, { type: 'ssh', host: 'gpu1' }],
  });

export type RunnerSpec = z.output<typeof runnerSchema>;

/** `workspace`: absolute. */
export function resolveRunner(spec: RunnerSpec, workspace: string): Runner {
  const { lease, folder, extra } = spec;
  const common = {
    leaseMillis: lease ?? leaseMillis.usual,
    workspace,
    ...(folder !== undefined && { folder }),
    ...(extra && { extra }),
  };
  if (spec.type === 'ssh') return { type: 'ssh', host: spec.host, ...common };
  const { partition, node, gpus, cpus, memory, time, qos, account } = spec;
  return {
    type: 'slurm',
    ...(partition !== undefined && { partition }),
    ...(node !== undefined && { node }),
    ...(gpus !== undefined && { gpus }),
    ...(cpus !== undefined && { cpus }),
    ...(memory !== undefined && { memoryBytes: memory }),
    ...(time !== undefined && { timeMillis: time }),
    ...(qos !== undefined && { qos }),
    ...(account !== undefined && { account }),
    ...common,
  };
}
