/** The environment files of a process: schema and reading. */
import * as z from 'zod';
import { CannotStartError } from '../../command/executable.ts';
import { readTextFile, UnreadableTextError } from '../textFile.ts';
import { path } from '../values.ts';
import { EnvFileError, parseEnvFile } from './envFile.ts';
import type { EnvLookup } from './envValue.ts';

const file = z.union(
  [
    path,
    z.strictObject({
      path: path.describe('Relative to the workspace folder.'),
      required: z.boolean().optional().describe('false: the file may be missing. Default: true, the process does not start without it.'),
    }),
  ],
  'must be a file, or { "path": "…", "required": false }',
);

export const envFileSchema = z.union([file, z.array(file)], 'must be a file, or a list of files').meta({
  description:
    'One file or a list of files with NAME=value lines, relative to the workspace folder, in the syntax that Docker Compose documents: quotes, escapes, comments after white space, $NAME and ${NAME:-default}, multi-line values in quotes. Later files override earlier ones, and env overrides them all.',
  examples: ['.env', ['.env', { path: '.env.local', required: false }]],
});

/**
 * What the files set, the later ones above the earlier ones.
 * @throws CannotStartError that names the file, and the line where that is known.
 */
export async function readEnvFiles(
  written: z.output<typeof envFileSchema>,
  locate: (path: string) => Promise<string>,
  lookUp: EnvLookup,
): Promise<ReadonlyMap<string, string>> {
  const variables = new Map<string, string>();
  for (const entry of [written].flat()) {
    const { path, required = true } = typeof entry === 'string' ? { path: entry } : entry;
    const located = await locate(path);
    const content = readEnvFile(located, required);
    for (const [name, value] of parse(located, content, (name) => variables.get(name) ?? lookUp(name))) variables.set(name, value);
  }
  return variables;
}

function readEnvFile(path: string, required: boolean): string {
  try {
    return readTextFile(path);
  } catch (error) {
    if (!required && error instanceof UnreadableTextError && error.isMissing) return '';
    throw new CannotStartError(`Cannot read the environment file ${path}: ${(error as Error).message}.`);
  }
}

function parse(path: string, content: string, lookUp: EnvLookup): ReadonlyMap<string, string> {
  try {
    return parseEnvFile(content, lookUp);
  } catch (error) {
    if (error instanceof EnvFileError) throw new CannotStartError(`${path}:${error.line}: ${error.message}.`);
    throw error;
  }
}
