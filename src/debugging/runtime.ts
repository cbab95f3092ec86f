/** What a process is as a debugger sees it: by its executable, since every program can call itself as it wants to. */
import type { Program } from '../protocol/programs.ts';

export type Runtime = 'node' | 'python';

const executables: readonly (readonly [Runtime, RegExp])[] = [
  ['node', /^node(?:js)?(?:[-.]?v?\d[\d.]*)?(?:\.exe)?$/i],
  ['python', /^(?:pypy|pythonw?)[\d.]*t?(?:\.exe)?$/i],
];

/** Undefined where no debugger is known for it. A program that has a Node of its own in it (Electron) is one where it was told to open its inspector. */
export function runtimeOf(program: Program): Runtime | undefined {
  const [known] = executables.find(([, pattern]) => pattern.test(executableName(program))) ?? [];
  return known ?? (inspectorOptions(program).isOpen ? 'node' : undefined);
}

/** Whether its executable is Node's own, whose SIGUSR1 opens the inspector. */
export function isNode(program: Program): boolean {
  return executables.some(([runtime, pattern]) => runtime === 'node' && pattern.test(executableName(program)));
}

/** Windows tells no path; the name of a process is that of its file there. */
function executableName({ executable, name }: Program): string {
  return (executable ?? name).split(/[\\/]/).at(-1) ?? '';
}

/** Port of the inspector where none was given (https://nodejs.org/api/cli.html#--inspect-porthostport). */
export const usualPort = 9229;

export interface InspectorOptions {
  /** The inspector is open from the start. */
  readonly isOpen: boolean;
  /** Where it listens, from the start or when it is opened; 0: at a free port. */
  readonly port: number;
  /** SIGUSR1 does not open it (Node's `--disable-sigusr1`). */
  readonly ignoresSignal: boolean;
}

/** Options of Node's that take the next word as their value. */
const withValue =
  /^(?:-r|--require|--import|-e|--eval|-p|--print|-pe|-C|--conditions|--loader|--experimental-loader|--env-file|--title|--input-type|--inspect-port|--debug-port)$/;

/** What `NODE_OPTIONS` and the options before the script say of the inspector; the last one of a kind counts, as it does for Node. */
export function inspectorOptions({ argv, nodeOptions = '' }: Pick<Program, 'argv' | 'nodeOptions'>): InspectorOptions {
  let options: InspectorOptions = { isOpen: false, port: usualPort, ignoresSignal: false };
  for (const word of [...wordsOf(nodeOptions), ...ownOptions(argv.slice(1))]) options = { ...options, ...changedBy(word) };
  return options;
}

/** A word with its value, where that is a word of its own, as one: `--inspect-port 9230` as `--inspect-port=9230`. */
function ownOptions(words: readonly string[]): string[] {
  const options: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (!word.startsWith('-') || word === '--' || word === '-') break;
    options.push(withValue.test(word) ? `${word}=${words[++index] ?? ''}` : word);
  }
  return options;
}

function changedBy(word: string): Partial<InspectorOptions> {
  if (word === '--disable-sigusr1') return { ignoresSignal: true };
  const [, name = '', , address = ''] = word.match(/^--(inspect(?:-brk|-wait|-port)?|debug-port)(=(.*))?$/) ?? [];
  if (name === '') return {};
  const port = portIn(address);
  return { ...(!name.endsWith('-port') && { isOpen: true }), ...(port !== undefined && { port }) };
}

/** Of `9230`, `host:9230`, `[::1]:9230`; undefined for a host alone. */
function portIn(address: string): number | undefined {
  const digits = address.match(/^(?:.*:)?(\d{1,5})$/)?.[1];
  const port = digits === undefined ? Number.NaN : Number(digits);
  return port <= 65_535 ? port : undefined;
}

/** As Node divides `NODE_OPTIONS`: at spaces, but for those between double quotes, in which a backslash escapes. */
function wordsOf(nodeOptions: string): string[] {
  const words = nodeOptions.match(/(?:[^\s"]|"(?:\\.|[^"\\])*"?)+/g) ?? [];
  return words.map((word) => word.replace(/"((?:\\.|[^"\\])*)"?/g, (_, quoted: string) => quoted.replace(/\\(.)/g, '$1')));
}
