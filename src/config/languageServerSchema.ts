/** The schema of a language server in processes.json: a program that speaks the Language Server Protocol with the editor, and that is guarded. */
import * as z from 'zod';
import { restartBudget } from '../protocol/restartBudget.ts';
import { limitsSchema, memorySize } from './limits.ts';
import { mcpServerSchema } from './mcpServerSchema.ts';
import { command, count, duration, text } from './values.ts';

const { cwd, env, envFile, onLimit } = mcpServerSchema.shape;

/** Maximum number of filters of one server, and of configuration sections. */
const maxListed = 100;

const filter = z
  .strictObject({
    language: text.optional().describe('Language identifier, such as "typescript".'),
    scheme: text.optional().describe('Scheme of the document. Default: "file".'),
    pattern: text.optional().describe('Glob pattern, such as "**/*.mjs". A relative one starts at the workspace folder.'),
  })
  .refine(
    ({ language, scheme, pattern }) => [language, scheme, pattern].some((part) => part !== undefined),
    'must name a language or a pattern',
  );

const restart = z
  .union(
    [
      z.literal(false),
      z.strictObject({
        maxCrashes: count()
          .max(100, 'must be at most 100')
          .optional()
          .describe(`Number of crashes within the window after which the server is not restarted. Default: ${restartBudget.starts}.`),
        window: duration(1000).optional().describe('The time within which crashes are counted. Default: "3m".'),
        aboveMemory: memorySize
          .optional()
          .describe('Resident memory of the whole tree above which the server is restarted, between two requests. Default: none.'),
      }),
    ],
    'must be false, or an object',
  )
  .describe(
    'Restarts: after a crash, and where the server uses too much memory. false: never. Default: after a crash, up to 5 in 3 minutes.',
  );

export const languageServerSchema = z
  .strictObject({
    command: command.meta({
      description:
        'The command of the server, with what it needs to speak by its standard input and output, often "--stdio". With another transport, an argument is added.',
      examples: [
        ['npx', 'typescript-language-server', '--stdio'],
        ['clangd', '--background-index'],
      ],
    }),
    documentSelector: z
      .array(
        z.union([text, filter], 'must be a language, a pattern, or an object with "language", "scheme" and "pattern"'),
        'must be a list',
      )
      .min(1, 'must name a language or a pattern')
      .max(maxListed, `must have at most ${maxListed} entries`)
      .meta({
        description: 'The documents that the server is asked about: languages, glob patterns, or filters.',
        examples: [['typescript', 'javascript'], ['**/*.mjs'], [{ language: 'json', pattern: 'config/**' }]],
      }),
    cwd,
    env,
    envFile,
    transport: z
      .enum(['stdio', 'pipe', 'socket'])
      .optional()
      .describe(
        'How the server is spoken to. "stdio" (default): its standard input and output. "pipe": "--pipe=PATH" is added to the command. "socket": "--socket=PORT" is added; any user of this machine can connect to the port before the server does. In both, the server connects to the editor.',
      ),
    initializationOptions: z.unknown().optional().describe('Sent to the server when it starts, as its documentation describes them.'),
    configuration: z
      .array(text)
      .max(maxListed, `must have at most ${maxListed} entries`)
      .optional()
      .describe('Sections of the VS Code settings that the server is sent when it starts and when they change, such as "yaml".'),
    settings: z
      .record(z.string(), z.unknown(), 'must be an object')
      .optional()
      .describe('Settings for the server, in the shape of settings.json. They take precedence over those of VS Code.'),
    trace: z
      .enum(['off', 'messages', 'verbose'])
      .optional()
      .describe(
        'Whether messages are written to the output of the server: "messages" their names, "verbose" their contents too. Default: "off".',
      ),
    autoStart: z
      .boolean()
      .optional()
      .describe(
        'true: start when the workspace opens (you are asked once per workspace). false: only by command. Default: when the first matching document is opened.',
      ),
    limits: limitsSchema.optional(),
    onLimit,
    restart: restart.optional(),
  })
  .describe('A language server, together with all of its descendants: none outlives its stop, its window, or a crash.');

export type LanguageServerSpec = z.output<typeof languageServerSchema>;
export type WrittenFilter = LanguageServerSpec['documentSelector'][number];
