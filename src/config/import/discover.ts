import { getNodeValue } from 'jsonc-parser';
import { nameFrom } from '../../protocol/names.ts';
import { parseJsonTree } from '../jsonText.ts';
import { withoutByteOrderMark } from '../textFile.ts';
import { holdsVariable } from '../variables.ts';
import type { FoundTask, System } from './foundTask.ts';
import { processesOf, scriptsIn } from './npmScripts.ts';
import { tasksIn } from './tasksJson.ts';

/** A process that the workspace already knows under another form. */
export interface FoundProcess extends FoundTask {
  /** One that a file may hold; {@link label} as near as that can be. */
  readonly name: string;
  /** The file that it was found in. */
  readonly source: string;
}

/** Maximum number of processes that are offered. */
const maxFound = 1000;

/**
 * Finds npm scripts, Procfile entries and tasks; `readFile` gives a file's text, or undefined. The first of a name wins.
 * What cannot be written down so that it stays what it is, because our own variables would be found in it, is left out.
 */
export function discoverProcesses(readFile: (name: string) => string | undefined, system: System = 'linux'): FoundProcess[] {
  const read = (name: string): string => withoutByteOrderMark(readFile(name) ?? '');
  const scripts = scriptsIn(parseJson(read('package.json')));
  const sources: [string, readonly FoundTask[]][] = [
    ['Procfile', fromProcfile(read('Procfile'))],
    ['package.json', processesOf(scripts)],
    ['.vscode/tasks.json', tasksIn(parseJson(read('.vscode/tasks.json')), system, new Set(scripts))],
  ];
  const byLabel = new Map<string, FoundTask & { readonly source: string }>();
  for (const [source, tasks] of sources)
    for (const task of tasks) if (!byLabel.has(task.label)) byLabel.set(task.label, { ...task, source });
  const names = new FreeNames();
  return [...byLabel.values()].slice(0, maxFound).map((task) => ({ ...task, name: names.like(task.label) }));
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

function fromProcfile(text: string): FoundTask[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, label, command] = line.match(/^([A-Za-z0-9_-]+):\s*(\S.*)$/) ?? [];
    const usable = label && command && !command.includes('\0') && !holdsVariable(command);
    return usable ? [{ label, command, likely: true }] : [];
  });
}

/** What of it can be read: it belongs to others, who will say what is wrong with it. */
function parseJson(text: string): unknown {
  const { tree } = parseJsonTree(text);
  return tree && getNodeValue(tree);
}

/** A processes.json with these processes, and a word on what else it can hold. */
export function renderProcessesFile(processes: readonly FoundProcess[]): string {
  const entries = processes.map(({ name, label, command, cwd, env, source }) => {
    const origin = name === label ? source : `${source}: ${asOneLine(label)}`;
    const body = JSON.stringify({ command, cwd, env }, null, 2).replaceAll('\n', '\n    ');
    return `    // from ${origin}\n    ${JSON.stringify(name)}: ${body}`;
  });
  const body = entries.length > 0 ? entries.join(',\n') : '    // "web": { "command": "npm run dev", "group": "app", "autoStart": true }';
  return `// The processes of this workspace. Completion (Ctrl+Space) shows every key.\n{\n  "processes": {\n${body}\n  }\n}\n`;
}

/** For a comment, which ends with its line: what ends a line anywhere is written as an escape. */
function asOneLine(text: string): string {
  return JSON.stringify(text.slice(0, 100)).replaceAll(/\p{Cc}|[\u2028\u2029]/gu, ' ');
}
