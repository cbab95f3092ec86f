/** The schema of `.vscode/processes.json`: the source of types, validation, the editor's JSON schema and the reference in docs/configuration.md. */
import * as z from 'zod';
import { maxNameLength, namePattern, namePatternText } from '../protocol/names.ts';
import { mcpServerSchema } from './mcpServerSchema.ts';
import { modelSchema } from './modelSchema.ts';
import { processSpecSchema } from './processSchema.ts';

/** The name of a process or of a model. */
export const nameSchema = z
  .string()
  .max(maxNameLength, `a name has at most ${maxNameLength} characters`)
  .regex(namePattern, namePatternText);

export const processesFile = z.strictObject({
  $schema: z.string().optional(),
  processes: z.record(nameSchema, processSpecSchema).optional().describe('The processes of this workspace, by name.'),
  mcpServers: z.record(nameSchema, mcpServerSchema).optional().describe('MCP servers that the editor offers its agents, by name.'),
  models: z.record(nameSchema, modelSchema).optional().describe('The models of this workspace, by the name that clients use.'),
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
