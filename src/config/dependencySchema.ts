/** The schema of what a process depends on. */
import * as z from 'zod';
import type { Dependency } from '../protocol/declare.ts';
import { normalName } from '../protocol/names.ts';
import { text } from './values.ts';

const condition = z.enum(['started', 'ready', 'succeeded', 'ended'], 'must be "started", "ready", "succeeded" or "ended"');

const dependency = z.union(
  [
    condition,
    z.strictObject({
      condition: condition.optional().describe('Default: "ready".'),
      restart: z.boolean().optional().describe('Restart this process when the other one was restarted and meets the condition again.'),
    }),
  ],
  'must be "started", "ready", "succeeded" or "ended", or an object with one of them as "condition"',
);

export const dependsOnSchema = z
  .union([z.array(text), z.record(text, dependency)], 'must be a list of names, or an object: { "db": "ready" }')
  .transform((written): readonly Dependency[] =>
    Array.isArray(written)
      ? [...new Set(written.map(normalName))].map((name) => ({ name, condition: 'ready' }))
      : Array.from(new Map(Object.entries(written).map(([name, one]) => [normalName(name), one])), ([name, one]) => {
          const { condition: wanted = 'ready', restart } = typeof one === 'string' ? { condition: one } : one;
          return { name, condition: wanted, ...(restart === true && { restart }) };
        }),
  )
  .meta({
    description:
      'Processes, and models as "model:NAME", that this one needs. Starting it starts them too, and it waits until each is "started" (it runs), "ready" (its ready probe succeeds), "succeeded" (it has ended with exit code 0, or another one of its successExitCodes) or "ended". A list of names means "ready". When everything ends, this process ends before them.',
    examples: [{ db: 'ready', migrate: 'succeeded' }, ['db', 'model:coder']],
  });
