import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorText } from '../protocol/errors.ts';
import { type ParsedProcesses, parseProcesses } from '../spec/parseProcesses.ts';
import { NamedPorts } from '../spec/ports.ts';
import type { ResolveContext } from '../spec/resolveSpec.ts';
import { CliError, exitCodes } from './exitCodes.ts';

const fileName = join('.vscode', 'processes.json');

export interface Declared<T> {
  /** Of the workspace. */
  readonly folder: string;
  readonly context: ResolveContext;
  /** What is declared, all of it or the named ones; never empty. */
  readonly wanted: readonly (readonly [string, T])[];
}

/**
 * Reads one section of the processes.json of this folder, or of one above it.
 * @throws CliError where there is none, or something is wrong with it, or a name is not in it.
 */
export function readDeclared<T>(
  section: 'processes' | 'models',
  pick: (parsed: ParsedProcesses) => ReadonlyMap<string, T>,
  names: readonly string[],
): Declared<T> {
  const { path, folder } = findFile();
  const parsed = read(path);
  if (parsed.problems.length > 0) {
    const lines = parsed.problems.map(({ line, column, message }) => `${path}:${line + 1}:${column + 1}: ${message}`);
    throw new CliError(lines.join('\n'), exitCodes.usage);
  }
  const noun = section === 'models' ? 'model' : 'process';
  const entries = pick(parsed);
  const missing = names.filter((name) => !entries.has(name));
  if (missing.length > 0) {
    throw new CliError(
      `${path} declares no ${noun} ${missing.map((name) => `'${name}'`).join(', ')}; it declares ${[...entries.keys()].join(', ') || 'none'}.`,
      exitCodes.usage,
    );
  }
  const wanted = [...entries].filter(([name]) => names.length === 0 || names.includes(name));
  if (wanted.length === 0) throw new CliError(`${path} declares no ${section}.`, exitCodes.usage);
  const ports = new NamedPorts();
  return { folder, context: { workspaceFolder: folder, env: process.env, portFor: (name) => ports.portFor(name) }, wanted };
}

function findFile(): { readonly path: string; readonly folder: string } {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const path = join(folder, fileName);
    if (existsSync(path)) return { path, folder };
    if (folder === dirname(folder))
      throw new CliError(`There is no ${fileName} in ${process.cwd()} or in a folder above it.`, exitCodes.usage);
  }
}

function read(path: string): ParsedProcesses {
  try {
    return parseProcesses(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CliError(`Cannot read ${path}: ${errorText(error)}.`, exitCodes.usage);
  }
}
