/** The apps of pm2's ecosystem file: https://pm2.keymetrics.io/docs/usage/application-declaration/ A file of JavaScript is read, never run. */
import type { Discoverer, FoundTask } from './foundTask.ts';
import { asObject, jsonValue } from './jsonEntries.ts';
import { exportedObjects, type LiteralObject } from './literals.ts';
import { lineOf, literally, maxEntries } from './textLines.ts';

export const pm2Apps: Discoverer = {
  kind: 'pm2 apps',
  files: ['ecosystem.config.js', 'ecosystem.config.cjs', 'ecosystem.config.mjs', 'ecosystem.config.json'],
  isNested: false,
  startsAll: true,
  find: (text, _folder, file) => (file.endsWith('.json') ? appsInJson(text) : exportedObjects(text, 'apps')).flatMap(processOf),
};

function appsInJson(text: string): LiteralObject[] {
  const apps = asObject(jsonValue(text))['apps'];
  if (!Array.isArray(apps)) return [];
  return apps
    .slice(0, maxEntries)
    .map(asObject)
    .map((values) => {
      const name = typeof values['name'] === 'string' ? values['name'] : '';
      return { values, computed: new Set(), line: lineOf(text, new RegExp(`"name"\\s*:\\s*${literally(JSON.stringify(name))}`)) };
    });
}

/** What pm2 runs a script with, by its ending. */
const interpreters: Readonly<Record<string, string>> = {
  sh: 'bash',
  py: 'python3',
  rb: 'ruby',
  pl: 'perl',
  php: 'php',
  ts: 'bun',
  tsx: 'bun',
};

/** Without these it would be another program, or one in another place. */
const needed = ['script', 'cwd', 'args', 'interpreter', 'interpreter_args', 'node_args'];

function processOf({ values, computed, line }: LiteralObject): FoundTask[] {
  if (needed.some((name) => computed.has(name))) return [];
  const { script, cwd, interpreter, env, watch } = values;
  if (typeof script !== 'string' || script.trim() === '') return [];
  const label = typeof values['name'] === 'string' && values['name'] !== '' ? values['name'] : (script.split('/').at(-1) ?? script);
  const args = wordsOf(values['args']);
  const flags = wordsOf(values['interpreter_args'] ?? values['node_args']);
  if (args === undefined || flags === undefined) return [];
  const program = typeof interpreter === 'string' ? interpreter : interpreterOf(script);
  const command = program === 'none' ? [script, ...args] : [program, ...flags, script, ...args];
  const settings = Object.entries(asObject(env)).map(([name, value]) => [name, String(value)] as const);
  return [
    {
      label,
      command: command as [string, ...string[]],
      ...(typeof cwd === 'string' && cwd !== '' && { cwd }),
      ...(settings.length > 0 && { env: Object.fromEntries(settings) }),
      // It restarts what ends, so all of it is to keep running.
      likely: watch !== undefined || values['autorestart'] !== false,
      line,
    },
  ];
}

/** A program of the PATH, such as npm, runs by itself. */
function interpreterOf(script: string): string {
  const [, ending] = script.match(/\.([a-z]+)$/) ?? [];
  if (ending === undefined) return /[/\\]/.test(script) ? 'node' : 'none';
  return interpreters[ending] ?? 'node';
}

/** A list, or a line without quotes; undefined where a shell's rules would be needed. */
function wordsOf(written: unknown): string[] | undefined {
  if (written === undefined) return [];
  if (Array.isArray(written)) return written.every((word) => typeof word === 'string') ? written : undefined;
  if (typeof written !== 'string' || /["'\\`$]/.test(written)) return undefined;
  return written.split(/\s+/).filter(Boolean);
}
