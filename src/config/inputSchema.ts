/** The schema of `inputs`: what is asked when a process is started, as in tasks.json of VS Code. */
import * as z from 'zod';
import { maxValueLength } from '../protocol/startVariables.ts';
import { optionsOf } from './inputOptions.ts';
import { text } from './values.ts';

/** Maximum number of inputs of one file. */
export const maxInputs = 100;
/** Maximum number of options of one input. */
const maxOptions = 1000;
/** Maximum length of what the user is shown, in characters. */
const maxShownLength = 1000;

const id = z
  .string('must be a text')
  .max(100, 'must have at most 100 characters')
  .regex(
    /^(?!\d+(?::|$))[^{}\s\p{C}=?+-][^{}\p{C}]*$/u,
    'must be a name without braces, which is no number and does not begin with white space or one of - + = ?',
  )
  .describe('The name in ${input:ID}.');
const description = text.max(maxShownLength, `must have at most ${maxShownLength} characters`);
const value = z.string('must be a text').max(maxValueLength, `must have at most ${maxValueLength} characters`);

const promptString = z.strictObject({
  id,
  type: z
    .literal('promptString')
    .describe('A line of text. "pickString": one of several options. "command": the answer of a VS Code command.'),
  description: description.optional().describe('The question.'),
  default: value.optional().describe('The value that is suggested, and that counts where nothing can be asked.'),
  password: z
    .boolean()
    .optional()
    .describe(
      'Do not show what is typed. The value may stand in env only, as a secret does. To be asked once for all starts, use ${secret:NAME}.',
    ),
});

const option = z.union(
  [
    value,
    z.strictObject({
      label: description.optional().describe('Shown instead of the value.'),
      value: value.describe('The value of the variable.'),
    }),
  ],
  'must be a text, or { "label": "…", "value": "…" }',
);

const pickString = z.strictObject({
  id,
  type: z.literal('pickString').describe('One of several options.'),
  description: description.describe('The question.'),
  options: z
    .array(option, 'must be a list of texts')
    .min(1, 'must have an option')
    .max(maxOptions, `must have at most ${maxOptions} options`)
    .describe('The options, as texts or as { "label": "…", "value": "…" }.'),
  default: value.optional().describe('The option that is suggested, and that counts where nothing can be asked.'),
});

const commandInput = z.strictObject({
  id,
  type: z.literal('command').describe('The answer of a command of VS Code.'),
  command: text.max(maxShownLength).describe('ID of the command. It has to answer with a string.'),
  args: z.unknown().optional().describe('What the command is called with.'),
});

export type Input = z.output<typeof promptString> | z.output<typeof pickString> | z.output<typeof commandInput>;
/** By ID. */
export type Inputs = Readonly<Record<string, Input>>;

export const inputSchema = z.discriminatedUnion(
  'type',
  [promptString, pickString, commandInput],
  'must have a type: promptString, pickString or command',
);

export const inputsSchema = z
  .array(inputSchema, 'must be a list')
  .max(maxInputs, `must be at most ${maxInputs}`)
  .superRefine((inputs, context) => {
    const ids = new Set<string>();
    for (const [index, input] of inputs.entries()) {
      if (ids.has(input.id)) context.addIssue({ code: 'custom', path: [index, 'id'], message: `there is a second input '${input.id}'` });
      ids.add(input.id);
      if (input.type === 'pickString' && input.default !== undefined && !optionsOf(input).some((one) => one.value === input.default))
        context.addIssue({ code: 'custom', path: [index, 'default'], message: 'must be the value of one of the options' });
    }
  })
  .meta({
    description:
      'What is asked when a process is started that has ${input:ID} in it, as in tasks.json. Of an included file: for its own processes.',
    examples: [[{ id: 'target', type: 'pickString', description: 'Which environment?', options: ['dev', 'staging'], default: 'dev' }]],
  });

/** Without what every object has: any ID is one. */
export function inputsById(inputs: readonly Input[]): Inputs {
  return Object.fromEntries(inputs.map((input) => [input.id, input]));
}
