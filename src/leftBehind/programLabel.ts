import { basename } from 'node:path';
import { displayCommandLine } from '../command/commandLine.ts';
import { calledName, interpreters, scriptOf } from './commandWords.ts';
import type { ProcessRow } from './processRow.ts';

/** Maximum length of a label, in characters. */
const longestLabel = 60;

/** How a person would call the program: `vite`, `node server.js`, `http.server`; `name` stands in where there is no command line. */
export function programLabel({ name, argv }: Pick<ProcessRow, 'name' | 'argv'>): string {
  const [program = name] = argv;
  // A title that it has given itself.
  if (argv.length === 1 && /^[\w.-]+ /.test(program)) return maskedScript(program);
  const called = calledName(program) || name;
  if (!interpreters.test(called)) return shorten(called);
  const flag = argv[1] ?? '';
  if (/^(?:-e|--eval|-p|--print|-c|-lc|-ic|-pe)$/.test(flag))
    return isShell(called) ? maskedScript(argv[2] ?? called) : `${called} ${flag}`;
  const module = /^(?:python|pypy)/.test(called) ? argv[argv.indexOf('-m') + 1] : undefined;
  if (module !== undefined && argv.includes('-m')) return shorten(module);
  const jar = called === 'java' ? argv[argv.indexOf('-jar') + 1] : undefined;
  if (jar !== undefined && argv.includes('-jar')) return shorten(`java ${basename(jar)}`);
  const script = scriptOf(argv);
  if (script === undefined) return called;
  const [, packaged] = script.match(/.*\/node_modules\/(?:\.bin\/|\.pnpm\/[^/]+\/node_modules\/)?((?:@[^/]+\/)?[^/]+)/) ?? [];
  return shorten(packaged ?? `${called} ${basename(script)}`);
}

/** As a shell would run it, with what looks like a secret masked. */
function maskedScript(text: string): string {
  return shorten(displayCommandLine(['sh', '-c', text]));
}

function isShell(called: string): boolean {
  return /^(?:sh|bash|zsh|dash|fish|ksh)$/.test(called);
}

function shorten(text: string): string {
  return text.length > longestLabel ? `${text.slice(0, longestLabel)}…` : text;
}
