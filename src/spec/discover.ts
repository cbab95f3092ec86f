import { parse } from 'jsonc-parser';

/** A process that the workspace already knows under another form. */
export interface FoundProcess {
  readonly name: string;
  readonly command: string;
  /** The file that it was found in. */
  readonly source: string;
  /** Whether it looks like something that keeps running. */
  readonly likely: boolean;
}

const likelyName = /^(dev|start|serve|server|watch|web|api|worker)\b/i;

/** Finds npm scripts, Procfile entries and tasks; `read` gives a file's text, or undefined. The first of a name wins. */
export function discoverProcesses(read: (name: string) => string | undefined): FoundProcess[] {
  const found = new Map<string, FoundProcess>();
  for (const process of [
    ...fromProcfile(read('Procfile')),
    ...fromPackageJson(read('package.json')),
    ...fromTasksJson(read('.vscode/tasks.json')),
  ]) {
    if (!found.has(process.name)) found.set(process.name, process);
  }
  return [...found.values()];
}

function fromProcfile(text = ''): FoundProcess[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const [, name, command] = line.match(/^([A-Za-z0-9_-]+):\s*(\S.*)$/) ?? [];
    return name && command ? [{ name, command, source: 'Procfile', likely: true }] : [];
  });
}

function fromPackageJson(text = ''): FoundProcess[] {
  const { scripts } = asObject(parse(text));
  return (
    Object.keys(asObject(scripts))
      // npm runs these around others by itself.
      .filter((name) => !/^(pre|post)/.test(name))
      .map((name) => ({ name, command: `npm run ${name}`, source: 'package.json', likely: likelyName.test(name) }))
  );
}

function fromTasksJson(text = ''): FoundProcess[] {
  const { tasks } = asObject(parse(text));
  if (!Array.isArray(tasks)) return [];
  return tasks.map(asObject).flatMap(({ label, type, command, args, isBackground }) => {
    if (typeof label !== 'string' || typeof command !== 'string' || (type !== 'shell' && type !== 'process')) return [];
    const words = Array.isArray(args) ? args.filter((argument) => typeof argument === 'string') : [];
    return [
      {
        name: label.replaceAll(/[^\w .:@/-]/g, '-'),
        command: [command, ...words].join(' '),
        source: '.vscode/tasks.json',
        likely: isBackground === true,
      },
    ];
  });
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A processes.json with these processes, and a word on what else it can hold. */
export function renderProcessesFile(processes: readonly FoundProcess[]): string {
  const entries = processes.map(
    ({ name, command, source }) =>
      `    // from ${source}\n    ${JSON.stringify(name)}: {\n      "command": ${JSON.stringify(command)}\n    }`,
  );
  const body = entries.length > 0 ? entries.join(',\n') : '    // "web": { "command": "npm run dev", "group": "app", "autoStart": true }';
  return `// The processes of this workspace. Completion (Ctrl+Space) shows every key.\n{\n  "processes": {\n${body}\n  }\n}\n`;
}
