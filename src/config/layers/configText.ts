/** What a process resolves to, as JSON with a comment on each value that says where it comes from. */
import { relative, sep } from 'node:path';
import { displayCommandLine, displayTextLine } from '../../command/commandLine.ts';
import { localFile, processesFile } from '../declarations.ts';
import { pathIn } from '../pathIn.ts';
import { declaredProcessSchema } from './layeredSchema.ts';
import type { ResolvedSetting } from './resolvedSettings.ts';

const processOrder = Object.keys(declaredProcessSchema.shape);

/** One line of the text without its comment, and the comment. */
type Line = readonly [string, string?];

/**
 * The lines of an object with all values of a process or a model, in the order of the reference; what looks like a secret is masked.
 * @param folder Absolute, of the workspace: places are told relative to it.
 * @param notes Further lines for people, in front.
 * @param order Of the keys; by default of those of a process.
 */
export function configText(
  name: string,
  settings: readonly ResolvedSetting[],
  folder: string,
  notes: readonly string[] = [],
  order: readonly string[] = processOrder,
): string[] {
  const ofAll = settings.filter(({ isShared, path: [key] }) => isShared && key === 'envFile');
  const own = settings.filter((setting) => !ofAll.includes(setting));
  const keys = [...new Set(own.map(({ path: [key] }) => key))].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const lines = keys.flatMap((key, index): Line[] => {
    const comma = index < keys.length - 1 ? ',' : '';
    const [first, ...more] = own.filter(({ path }) => path[0] === key);
    if (first === undefined) return [];
    if (first.path[1] === undefined) return [[`  ${JSON.stringify(key)}: ${shownValue(first)}${comma}`, commentOn(first, folder)]];
    const inner = [first, ...more].map((setting, at): Line => {
      const end = at < more.length ? ',' : '';
      return [`    ${JSON.stringify(setting.path[1])}: ${shownValue(setting)}${end}`, commentOn(setting, folder)];
    });
    return [[`  ${JSON.stringify(key)}: {`], ...inner, [`  }${comma}`]];
  });
  const width = Math.min(maxColumn, Math.max(0, ...lines.map(([text, comment]) => (comment === undefined ? 0 : text.length))));
  return [
    `// ${name}`,
    ...notes.map((note) => `// ${note}`),
    ...ofAll.map((setting) => `// environment files of all processes: ${shownValue(setting)} (${placeText(setting, folder)})`),
    '{',
    ...lines.map(([text, comment]) => (comment === undefined ? text : `${text.padEnd(width)} // ${comment}`)),
    '}',
  ];
}

/** Column at which the comments stand at most: longer lines have them further on. */
const maxColumn = 60;

/** Relative to the workspace folder where that is shorter to read, as `FILE:LINE`. */
export function placeText({ file, line }: Pick<ResolvedSetting, 'file' | 'line'>, folder: string): string {
  const path = file === undefined ? processesFile : relative(folder, file);
  return `${path.split(sep).join('/')}:${line + 1}`;
}

function commentOn(setting: ResolvedSetting, folder: string): string {
  const { path, value, file, without } = setting;
  const place = placeText(setting, folder);
  if (without) return `${place} (without ${without.join(', ')}, which ${without.length === 1 ? 'is' : 'are'} disabled)`;
  const isRelative = path[0] === 'cwd' && typeof value === 'string' && !value.includes('${');
  const isElsewhere = file !== undefined && !file.endsWith(localFile);
  return isRelative && isElsewhere ? `${place} (${pathIn(setting.folder ?? folder, value)})` : place;
}

const onlyVariables = /^(?:\$\{[^{}]*\})+$/;

function shownValue({ path: [key, within], value }: ResolvedSetting): string {
  if (key === 'command' && typeof value === 'string') return JSON.stringify(displayCommandLine(['sh', '-c', value]));
  if (key !== 'env' || typeof value !== 'string') return displayTextLine(JSON.stringify(value));
  // What is filled in is not known here, and no secret.
  if (onlyVariables.test(value)) return JSON.stringify(value);
  const prefix = `${within}=`;
  const shown = displayTextLine(`${prefix}${value}`);
  return JSON.stringify(shown.startsWith(prefix) ? shown.slice(prefix.length) : shown);
}
