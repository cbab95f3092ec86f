/** The schema of what an isolated process may reach, shared by processes.json, agents and programs. */
import * as z from 'zod';
import { type Isolation, maxWritable } from '../protocol/isolation.ts';
import { path } from './values.ts';

const isolation = z.strictObject({
  network: z
    .boolean()
    .optional()
    .describe('Whether it may use the network. Default: false, with a loopback of its own, which nothing outside can connect to.'),
  write: z
    .array(path, 'must be a list of folders such as ["dist"]')
    .max(maxWritable, `must be at most ${maxWritable} folders`)
    .optional()
    .describe(
      'Folders that it may write to, relative to the workspace folder. They must exist. .git, .vscode and what else other programs run stays read-only in them, unless it is named itself. Default: none.',
    ),
  tmp: z
    .enum(['private', 'shared'])
    .optional()
    .describe('"private" (default): a /tmp of its own in memory, gone at its end. "shared": the /tmp of the machine, with its sockets.'),
  secrets: z
    .enum(['hidden', 'readable'])
    .optional()
    .describe('"hidden" (default): ~/.ssh, ~/.aws and other places in which programs keep keys and tokens cannot be read.'),
});

export const isolateSchema = z
  .union([z.literal(true), isolation], 'must be true, or an object such as { "write": ["dist"] }')
  .transform((written) => (written === true ? {} : written))
  .meta({
    description:
      'Runs the process isolated by bubblewrap (Linux): it reads files but writes only to the named folders and a /tmp of its own, has no network, and sees and signals no other process. Where that is not possible, it is not started.',
    examples: [true, { network: false, write: ['dist'], tmp: 'private' }],
  });

export type IsolateSpec = z.output<typeof isolateSchema>;

/** `folder`: the workspace; `write`: absolute. */
export function resolveIsolation({ network, tmp, secrets }: IsolateSpec, folder: string, write: readonly string[]): Isolation {
  return { network: network ?? false, write, tmp: tmp ?? 'private', secrets: secrets ?? 'hidden', folder };
}
