/** The schema of what all models share: `gateway` in processes.json. */
import * as z from 'zod';
import { clientKeysSchema } from './clientKeys.ts';
import { memorySize } from './limits.ts';

/** Maximum number of GPUs that have a budget of their own. */
const maxGpus = 64;

export const gatewaySchema = z
  .strictObject({
    keys: clientKeysSchema.optional(),
    memory: memorySize
      .optional()
      .describe(
        'Memory of this machine that all loaded models together may take: "48g". For another model, those that were not asked for longest are unloaded. Default: no limit.',
      ),
    gpuMemory: z
      .union(
        [memorySize, z.array(memorySize).min(1, 'must have a size for each GPU').max(maxGpus, `must be at most ${maxGpus} sizes`)],
        'must be a size such as "24g", or a list with one for each GPU',
      )
      .optional()
      .describe(
        'The same of the GPUs: of all of them together, or a list with one size for each, numbered as in "gpus": ["24g", "80g"]. A model that says no "gpus" counts for all of them together. Default: no limit.',
      ),
  })
  .describe(
    'What all models share. It counts in the workspace’s own processes.json and in processes.local.json, which has the last word; where several windows share models, the smallest memory counts.',
  );

export type GatewaySpec = z.output<typeof gatewaySchema>;
