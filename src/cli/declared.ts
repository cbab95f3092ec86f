import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { processesFile } from '../config/declarations.ts';
import { type ParsedProcesses, parseProcesses } from '../config/parseProcesses.ts';
import type { ResolveContext } from '../config/resolveSpec.ts';
import { readTextFile } from '../config/textFile.ts';
import { NamedPorts } from '../loopback/namedPorts.ts';
import { errorText } from '../protocol/errors.ts';
import { normalName } from '../protocol/names.ts';
import { CliError, exitCodes } from './exitCodes.ts';

const fileName = processesFile;

export interface Declared<T> {
  /** Of the file. */
  readonly path: string;
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
  written: readonly string[],
): Declared<T> {
  const names = written.map(normalName);
  const { path, folder } = findFile();
  const parsed = read(path);
  if (parsed.problems.length > 0) {
    const lines = parsed.problems.map(({ line, column, message }) => `${path}:${line + 1}:${column + 1}: ${message}`);
    throw new CliError(lines[0] ?? '', exitCodes.usage, lines.slice(1));
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
  return { path, folder, context: { workspaceFolder: folder, env: process.env, portFor: (name) => ports.portFor(name) }, wanted };
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
    return parseProcesses(readTextFile(path));
  } catch (error) {
    throw new CliError(`Cannot read ${path}: ${errorText(error)}.`, exitCodes.usage);
  }
}
