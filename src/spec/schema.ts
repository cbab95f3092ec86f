/** `.vscode/processes.json`, written once: types, defaults, validation and the schema for the editor come from here. */
import * as z from 'zod';
import { modelSchema } from './modelSchema.ts';
import { processSpecSchema } from './processSchema.ts';

/** Of a process, or of a model. */
export const nameSchema = z
  .string()
  .regex(/^[\w][\w .:@/-]*$/, 'a name starts with a letter or digit and holds letters, digits, spaces and . : @ / _ - only');

export const processesFile = z.strictObject({
  $schema: z.string().optional(),
  processes: z.record(nameSchema, processSpecSchema).optional().describe('The processes of this workspace, by name.'),
  models: z.record(nameSchema, modelSchema).optional().describe('The models of this workspace, by the names that clients call them by.'),
});

/** JSON Schema (2020-12 reduced to draft 7, which VS Code's editor understands whole). */
export function processesJsonSchema(): object {
  return {
    ...z.toJSONSchema(processesFile, { target: 'draft-7', io: 'input', unrepresentable: 'any' }),
    title: 'Tree Warden processes',
    allowComments: true,
    allowTrailingCommas: true,
  };
}
