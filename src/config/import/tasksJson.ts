/** The tasks of a tasks.json, as VS Code understands them: https://code.visualstudio.com/docs/debugtest/tasks */

import { getNodeValue } from 'jsonc-parser';
import { quoteForShell, type ShellWord } from '../../command/shellQuoting.ts';
import { JsonPaths } from '../jsonPaths.ts';
import { parseJsonTree } from '../jsonText.ts';
import { Places } from '../places.ts';
import type { Discoverer, FoundTask, System } from './foundTask.ts';
import { jsonEntries } from './jsonEntries.ts';
import { runScript } from './npmScripts.ts';
import { translateVariables } from './taskVariables.ts';

type Values = Readonly<Record<string, unknown>>;
/** Its place is known only where it is read. */
type Task = Omit<FoundTask, 'line'>;

/** Those that can be run without the editor, and are no scripts of package.json. */
export const tasksJson: Discoverer = {
  kind: 'VS Code tasks',
  files: ['.vscode/tasks.json'],
  isNested: false,
  find: (text, { system, read }) => {
    const { tree } = parseJsonTree(text);
    if (tree === undefined) return [];
    const scripts = new Set(jsonEntries(read('package.json') ?? '', 'scripts').map(({ name }) => name));
    const [paths, places, top] = [new JsonPaths(), new Places(text), asValues(getNodeValue(tree))];
    const tasks = paths.valueAt(tree, ['tasks']);
    return (tasks?.type === 'array' ? (tasks.children ?? []) : []).flatMap((node): FoundTask[] => {
      const task = taskOf(forSystem(asValues(getNodeValue(node)), top, system), system, scripts);
      return task && isUsable(task) ? [{ ...task, line: places.of(node).line }] : [];
    });
  },
};

/** With what the file says for all tasks, and what it says for this system. */
function forSystem(task: Values, top: Values, system: System): Values {
  const layers = [asValues(top[system]), task, asValues(task[system])];
  const options = [asValues(top['options']), ...layers.map((layer) => asValues(layer['options']))];
  const env = Object.assign({}, ...options.map((layer) => asValues(layer['env']))) as Values;
  return { ...task, ...asValues(task[system]), options: { ...Object.assign({}, ...options), env } };
}

function taskOf(task: Values, system: System, scripts: ReadonlySet<string>): Task | undefined {
  const { label = task['taskName'], type, isBackground } = task;
  const likely = isBackground === true;
  const surroundings = surroundingsOf(asValues(task['options']), system);
  if (surroundings === undefined) return undefined;
  if (type === 'npm') {
    const { script, path } = task;
    if (typeof script !== 'string' || script.trim() === '') return undefined;
    const folder = typeof path === 'string' ? path.replace(/(?<=.)\/$/, '') : '';
    if (typeof label !== 'string' && folder === '' && scripts.has(script)) return undefined;
    const command = translated(runScript(script), system);
    const cwd = folder === '' ? {} : { cwd: folder };
    if (command === undefined) return undefined;
    return { label: typeof label === 'string' ? label : `npm: ${script}`, command, ...surroundings, ...cwd, likely };
  }
  const command = type === 'shell' || type === 'process' ? commandOf(task, system) : undefined;
  return typeof label === 'string' && command !== undefined ? { label, command, ...surroundings, likely } : undefined;
}

/** Undefined where it asks for what only the editor knows, or is none. */
function commandOf(task: Values, system: System): FoundTask['command'] | undefined {
  const program = wordOf(task['command']);
  const args = Array.isArray(task['args']) ? task['args'].map(wordOf) : [];
  if (program === undefined || program.value.trim() === '' || !args.every((word) => word !== undefined)) return undefined;
  const words = [program, ...args];
  if (task['type'] === 'process') return translated([program.value, ...args.map(({ value }) => value)], system);
  // Alone, it is a line, with all that a shell understands.
  const isLine = args.length === 0 && program.quoting === undefined;
  const line = translated(isLine ? program.value : words.map((word) => quoteForShell(word, system === 'windows')).join(' '), system);
  const shell = asValues(asValues(task['options'])['shell']);
  const { executable, args: shellArgs } = shell;
  if (line === undefined || typeof executable !== 'string' || typeof line !== 'string') return line;
  const flags = Array.isArray(shellArgs) ? shellArgs.filter((argument) => typeof argument === 'string') : ['-c'];
  return translated([executable, ...flags, line], system);
}

function surroundingsOf({ cwd, env }: Values, system: System): Pick<FoundTask, 'cwd' | 'env'> | undefined {
  const folder = typeof cwd === 'string' && cwd !== '' ? translateVariables(cwd, system) : '';
  const entries = Object.entries(asValues(env)).map(
    ([name, value]) => [name, isScalar(value) ? translateVariables(String(value), system) : undefined] as const,
  );
  if (folder === undefined || entries.some(([, value]) => value === undefined)) return undefined;
  return {
    ...(folder !== '' && folder !== '${workspaceFolder}' && { cwd: folder }),
    ...(entries.length > 0 && { env: Object.fromEntries(entries) as Record<string, string> }),
  };
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}

function translated(command: string | readonly [string, ...string[]], system: System): FoundTask['command'] | undefined {
  if (typeof command === 'string') return translateVariables(command, system);
  const parts = command.map((part) => translateVariables(part, system));
  return parts.every((part) => part !== undefined) ? (parts as [string, ...string[]]) : undefined;
}

/** A text, or one with a word on how it is to be quoted; a list of texts stands for one with spaces. */
function wordOf(written: unknown): ShellWord | undefined {
  const { value, quoting } = typeof written === 'object' && !Array.isArray(written) ? asValues(written) : { value: written };
  const text = Array.isArray(value) && value.every((part) => typeof part === 'string') ? value.join(' ') : value;
  if (typeof text !== 'string') return undefined;
  return quoting === 'strong' || quoting === 'weak' || quoting === 'escape' ? { value: text, quoting } : { value: text };
}

/** No file of ours could hold it otherwise, or no system run it. */
function isUsable({ command, cwd = '', env = {} }: Task): boolean {
  const [program = ''] = [command].flat();
  const texts = [...[command].flat(), cwd, ...Object.entries(env).flat()];
  return (
    program !== '' && !texts.some((text) => text.includes('\0')) && !Object.keys(env).some((name) => name === '' || name.includes('='))
  );
}

function asValues(value: unknown): Values {
  return typeof value === 'object' && value !== null ? (value as Values) : {};
}
