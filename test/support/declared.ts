/** Processes that a processes.json declares, and what they write down. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from './run.ts';

/** Writes the processes.json of a folder. */
export function writeProcesses(folder: string, processes: object): void {
  mkdirSync(join(folder, '.vscode'), { recursive: true });
  writeFileSync(join(folder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
}

/**
 * A command that says on one line of the common file `starts` that it is up, from when on it can be asked to end, and of `ends` that it has ended after that.
 * `more`: what it does when it is up, with a semicolon.
 */
export function service(name: string, more = ''): string {
  return `trap 'sleep 0.1; echo ${name} >> ends; exit 0' TERM; echo ${name} >> starts; ${more} while :; do sleep 0.05; done`;
}

/** Of a file in the work folder; none where there is no file. A shell makes it a moment before it writes the first line. */
export function linesOf(run: Run, file: string): string[] {
  return linesIn(run.workFolder, file);
}

/** Of a file in a folder. */
export function linesIn(folder: string, file: string): string[] {
  const path = join(folder, file);
  return existsSync(path) ? wholeLines(readFileSync(path, 'utf8')) : [];
}

/** Without what has no end yet. */
export function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
