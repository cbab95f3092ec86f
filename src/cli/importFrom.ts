import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { processesFile } from '../config/declarations.ts';
import { readIfThere } from '../config/import/readIfThere.ts';
import { parseProcesses } from '../config/parseProcesses.ts';
import { operatingSystem } from '../platform/operatingSystem.ts';
import { errorText } from '../protocol/errors.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { complain, say, sayAll } from './say.ts';
import { workingDirectory } from './workingDirectory.ts';

export interface ImportOptions {
  readonly print?: boolean;
}

/**
 * Writes a processes.json with the processes of another program's file. What has no counterpart is named on stderr, and in comments.
 * @throws CliError where the file is not one that is known or cannot be read, or there is a processes.json.
 */
export async function importFrom(written: string, { print = false }: ImportOptions): Promise<number> {
  const { discoveredFiles, importFile, indexFolders, renderProcessesFile } = await import('../config/import/discover.ts');
  const path = resolve(workingDirectory(exitCodes.usage), written);
  const file = discoveredFiles.find((name) => path.endsWith(join(sep, name)));
  if (file === undefined)
    throw new CliError(
      `${path} cannot be imported: it has none of the names ${[...new Set(discoveredFiles)].join(', ')}.`,
      exitCodes.usage,
    );
  const folder = path.slice(0, -file.length - 1) || sep;
  const target = join(folder, processesFile);
  if (!print && existsSync(target))
    throw new CliError(`${target} exists, and is not written over. Use --print, and copy what you need.`, exitCodes.usage);
  const files = { index: await indexFolders(folder), read: (name: string) => readIfThere(join(folder, name)) };
  const { processes, problem, unusable } = importFile(file, files, operatingSystem());
  if (problem !== undefined) throw new CliError(`${path} cannot be imported: ${problem}.`, exitCodes.failed);
  for (const line of notesOf(processes)) complain(`${file}: differs here: ${line}.`);
  for (const label of unusable) complain(`${file}: '${label}' is left out: it has text in it that would be a variable in processes.json.`);
  if (processes.length === 0) throw new CliError(`${path} has no processes that can be imported.`, exitCodes.failed);
  const text = renderProcessesFile(processes);
  for (const { line, message } of parseProcesses(text).problems) complain(`${target}:${line + 1}: ${message}`);
  if (print) sayAll(text.trimEnd().split('\n'));
  else write(target, text, processes);
  return exitCodes.ok;
}

function notesOf(processes: readonly { readonly left?: readonly string[]; readonly leftOfFile?: readonly string[] }[]): string[] {
  return [...new Set([...processes.flatMap(({ leftOfFile = [] }) => leftOfFile), ...processes.flatMap(({ left = [] }) => left)])];
}

function write(target: string, text: string, processes: readonly { readonly more?: Readonly<Record<string, unknown>> }[]): void {
  try {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text, { flag: 'wx' });
  } catch (error) {
    throw new CliError(`${target} cannot be written: ${errorText(error)}.`, exitCodes.failed);
  }
  const count = processes.length;
  const byName = processes.filter(({ more }) => more?.['profiles'] !== undefined).length;
  const one = byName === 0 ? 'starts them' : byName < count ? `starts ${count - byName} of them, tree-warden up NAME any other` : undefined;
  say(`${target}: ${count} ${count === 1 ? 'process' : 'processes'}. tree-warden up ${one ?? 'NAME starts one of them'}.`);
}
