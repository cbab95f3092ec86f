/**
 * Finds the processes that a workspace already knows under another form. A bundle of its own, which is loaded when something is to be found: it
 * takes parsers of YAML, TOML and JavaScript with it.
 */
import { posix } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import { nameFrom } from '../../protocol/names.ts';
import { withoutByteOrderMark } from '../textFile.ts';
import { holdsVariable } from '../variables.ts';
import { cargoRun } from './cargoRun.ts';
import { composeFile } from './composeFile.ts';
import { denoTasks } from './denoTasks.ts';
import type { Discoverer, FoundProcess, FoundTask, ProjectFolder, System } from './foundTask.ts';
import { goRun } from './goRun.ts';
import { justfile } from './justfile.ts';
import { makefile } from './makefile.ts';
import { miseTasks } from './miseTasks.ts';
import { npmScripts } from './npmScripts.ts';
import { pm2Apps } from './pm2Apps.ts';
import { processCompose } from './processCompose.ts';
import { procfile } from './procfile.ts';
import { projectFolder, type WorkspaceFiles } from './projectFolder.ts';
import { tasksJson } from './tasksJson.ts';
import { maxEntries } from './textLines.ts';
import { django, rails } from './webFrameworks.ts';

export { indexFolders } from './folderIndex.ts';
export { keepInFile, renderProcessesFile } from './keepInFile.ts';

/** Those for which the most is known about their commands come first. */
const discoverers: readonly Discoverer[] = [
  procfile,
  processCompose,
  npmScripts,
  denoTasks,
  pm2Apps,
  django,
  rails,
  cargoRun,
  goRun,
  justfile,
  miseTasks,
  makefile,
  composeFile,
  tasksJson,
];

/** Names of all files that something can be found in, with a folder where only the one in that folder counts. */
export const discoveredFiles: readonly string[] = discoverers.flatMap(({ files }) => files);

/** Maximum number of processes that are offered. */
const maxFound = 1000;
/** Maximum length of a file in UTF-16 code units. Longer ones are not parsed: the extension host waits for a parser. */
const maxText = 256 * 1024;

/**
 * What looks like something that keeps running comes first. Of a label that is found twice, the first counts.
 * What cannot be written down so that it stays what it is, because our own variables would be found in it, is left out.
 */
export function discoverProcesses(files: WorkspaceFiles, system: System = 'linux'): FoundProcess[] {
  const byLabel = new Map<string, Omit<FoundProcess, 'name'>>();
  for (const path of files.index.keys()) {
    const folder = projectFolder(files, path, system);
    for (const discoverer of discoverers) {
      if (path !== '' && !discoverer.isNested) continue;
      for (const found of placedIn(path, findIn(discoverer, folder))) if (!byLabel.has(found.label)) byLabel.set(found.label, found);
    }
    if (byLabel.size >= maxFound) break;
  }
  const names = new FreeNames();
  const all = [...byLabel.values()];
  const ordered = [...all.filter(({ likely }) => likely), ...all.filter(({ likely }) => !likely)];
  return named(ordered.slice(0, maxFound), names);
}

/** What depends on others names them as they are called here. */
function named(tasks: readonly Omit<FoundProcess, 'name'>[], names: FreeNames): FoundProcess[] {
  const all = tasks.map((task) => withPort({ ...task, name: names.like(task.label) }));
  const byLabel = new Map(all.map(({ label, name }) => [label, name]));
  return all.map((process) => {
    const { dependsOn, ...more } = process.more ?? {};
    if (typeof dependsOn !== 'object' || dependsOn === null) return process;
    const entries = Object.entries(dependsOn).map(([label, condition]) => [byLabel.get(label) ?? label, condition] as const);
    return { ...process, more: { ...more, dependsOn: Object.fromEntries(entries) } };
  });
}

/** A free port of its name, as a processes.json has it. */
function withPort(process: FoundProcess): FoundProcess {
  return process.takesPort ? { ...process, env: { ...process.env, PORT: `\${port:${process.name}}` } } : process;
}

export interface ImportedFile {
  readonly processes: readonly FoundProcess[];
  /** Why there is nothing, as a clause: the file is not one that is known, or cannot be read. */
  readonly problem?: string;
  /** Labels of what cannot be written down, because variables of ours would be found in it. */
  readonly unusable: readonly string[];
}

/** All of one file in the workspace folder. What is not started with the rest of it has a profile. */
export function importFile(file: string, files: WorkspaceFiles, system: System = 'linux'): ImportedFile {
  const discoverer = discoverers.find((one) => one.files.includes(file));
  if (!discoverer) return { processes: [], unusable: [], problem: 'it is none of the files that are known' };
  const folder = projectFolder(files, '', system);
  const text = folder.read(file);
  if (text === undefined) return { processes: [], unusable: [], problem: 'it cannot be read' };
  if (text.length > maxText) return { processes: [], unusable: [], problem: `it has more than ${maxText / 1024} KiB` };
  try {
    const tasks = discoverer
      .find(text, folder, file)
      .slice(0, maxEntries)
      .map((task) => (discoverer.startsAll || task.likely ? task : byNameOnly(task)));
    const located = tasks.map((task): Located => ({ ...task, source: file, kind: discoverer.kind }));
    const unusable = located.filter((one) => !isUsable(one)).map(({ label }) => label);
    return { processes: named(located.filter(isUsable), new FreeNames()), unusable };
  } catch (error) {
    return { processes: [], unusable: [], problem: firstLine(errorText(error)) };
  }
}

/** A start of everything leaves it out. */
function byNameOnly(task: FoundTask): FoundTask {
  return { ...task, more: { ...task.more, profiles: ['manual'] } };
}

/** Parsers quote the text below their sentence. */
function firstLine(message: string): string {
  return message.split('\n', 1).join('').replace(/[:.]$/, '');
}

/** What one text declares, for its lines while it is being edited. `source`: its file, from the workspace folder. */
export function discoverInText(
  text: string,
  source: string,
  files: WorkspaceFiles,
  system: System = 'linux',
): Omit<FoundProcess, 'name'>[] {
  const discoverer = discoverers.find((one) => one.files.some((file) => source === file || source.endsWith(`/${file}`)));
  const file = discoverer?.files.find((one) => source === one || source.endsWith(`/${one}`));
  if (!discoverer || file === undefined) return [];
  const path = source === file ? '' : source.slice(0, -file.length - 1);
  if (path !== '' && !discoverer.isNested) return [];
  const folder = projectFolder(files, path, system);
  return placedIn(path, tasksOf(discoverer, folder, file, text));
}

type Located = FoundTask & Pick<FoundProcess, 'source' | 'kind'>;

/** In the folder's own file of this kind. */
function findIn(discoverer: Discoverer, folder: ProjectFolder): Located[] {
  const file = discoverer.files.find((name) => folder.has(name) || (name.startsWith('.vscode/') && folder.read(name) !== undefined));
  return file === undefined ? [] : tasksOf(discoverer, folder, file, folder.read(file) ?? '');
}

function tasksOf(discoverer: Discoverer, folder: ProjectFolder, file: string, written: string): Located[] {
  const text = withoutByteOrderMark(written);
  if (text.length > maxText) return [];
  const { kind } = discoverer;
  try {
    return discoverer
      .find(text, folder, file)
      .slice(0, maxEntries)
      .map((task) => ({ ...task, source: file, kind }));
  } catch {
    // The file belongs to other programs, which will say what is wrong with it.
    return [];
  }
}

/** With the folder in front of what is relative to it. */
function placedIn(path: string, tasks: readonly Located[]): Located[] {
  const placed = tasks.map((found): Located => {
    if (path === '') return found;
    const { label, cwd, source } = found;
    const folder = cwd === undefined ? path : isAbsolute(cwd) ? cwd : posix.join(path, cwd);
    return { ...found, label: `${path}: ${label}`, cwd: folder, source: `${path}/${source}` };
  });
  return placed.filter(isUsable);
}

function isAbsolute(cwd: string): boolean {
  return /^(?:[/\\~$]|[A-Za-z]:)/.test(cwd);
}

/** Kinds of which the discoverers write variables of ours, and no others: in tasks.json they stand for those of VS Code, and in process-compose for the environment. */
const withOwnVariables: ReadonlySet<string> = new Set([tasksJson.kind, processCompose.kind]);

/** The names of folders count as well. */
function isUsable({ label, command, cwd = '', env = {}, kind }: Located): boolean {
  const texts = [...[command].flat(), cwd, ...Object.entries(env).flat()];
  return label.trim() !== '' && !texts.some((text) => text.includes('\0') || (!withOwnVariables.has(kind) && holdsVariable(text)));
}

/** Two labels that differ only by what no name can hold are still two. */
class FreeNames {
  readonly #taken = new Set<string>();
  readonly #counts = new Map<string, number>();

  like(label: string): string {
    const plain = nameFrom(label, 'process');
    for (;;) {
      const number = (this.#counts.get(plain) ?? 0) + 1;
      this.#counts.set(plain, number);
      const name = number === 1 ? plain : nameFrom(`${plain.slice(0, 90)}-${number}`, 'process');
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}
