/** What the manifest has to say of the agent's tools: printed, to be put there; a test compares the two. */
import * as z from 'zod';
import { agentTools } from '../agent/tools.ts';

export function manifestTools(): object[] {
  return agentTools.map(({ name, title, description, input }) => ({
    name: `tree-warden_${name}`,
    toolReferenceName: name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
    displayName: title,
    modelDescription: description,
    userDescription: firstSentence(description),
    canBeReferencedInPrompt: true,
    icon: '$(pulse)',
    inputSchema: schemaOf(input),
  }));
}

/** Without what is in brackets, which is for the model; a dot within a word, as in a file's name, ends nothing. */
function firstSentence(text: string): string {
  return (text.split(/[.:;](?=\s|$)/)[0] ?? text).replaceAll(/ \([^)]*\)/g, '');
}

function schemaOf(input: z.ZodType): object {
  const { $schema: _dialect, additionalProperties: _closed, ...schema } = z.toJSONSchema(input, { target: 'draft-7', io: 'input' });
  return schema;
}
