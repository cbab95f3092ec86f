/** The schema of `.vscode/processes.json`: the source of types, validation, the editor's JSON schema and the reference in docs/configuration.md. */
import * as z from 'zod';
import { maxNameLength, namePattern, namePatternText } from '../protocol/names.ts';
import { languageServerSchema } from './languageServerSchema.ts';
import { declaredProcessSchema, sharedSchemas } from './layers/layeredSchema.ts';
import { mcpServerSchema } from './mcpServerSchema.ts';
import { modelSchema } from './modelSchema.ts';

/** The name of a process or of a model. */
export const nameSchema = z
  .string()
  .max(maxNameLength, `a name has at most ${maxNameLength} characters`)
  .regex(namePattern, namePatternText);

export const processesFile = z.strictObject({
  $schema: z.string().optional(),
  processes: z.record(nameSchema, declaredProcessSchema).optional().describe('The processes of this workspace, by name.'),
  mcpServers: z.record(nameSchema, mcpServerSchema).optional().describe('MCP servers that the editor offers its agents, by name.'),
  languageServers: z
    .record(nameSchema, languageServerSchema)
    .optional()
    .describe('Language servers that the editor asks about its documents, by name.'),
  models: z.record(nameSchema, modelSchema).optional().describe('The models of this workspace, by the name that clients use.'),
  ...sharedSchemas,
});

/**
 * All of it below `if`: the editor completes and explains by it, and finds no fault. What is wrong is said once, by this program's own reader, which
 * has better sentences.
 */
export function editorSchema(): object {
  const { $schema, title, allowComments, allowTrailingCommas, ...schema } = processesJsonSchema() as Record<string, unknown>;
  return { $schema, title, allowComments, allowTrailingCommas, if: schema };
}

/** JSON Schema (2020-12 reduced to draft 7, which VS Code's editor understands whole). */
export function processesJsonSchema(): object {
  return {
    ...z.toJSONSchema(processesFile, { target: 'draft-7', io: 'input', unrepresentable: 'any' }),
    title: 'Tree Warden processes',
    allowComments: true,
    allowTrailingCommas: true,
  };
}
