/**
 * How a program is started on Windows, which hands it one line instead of a list of arguments; the program divides it by itself. Two ways to
 * divide are in use: that of the C runtime (CommandLineToArgvW), and cmd.exe's, which also runs .cmd and .bat files. The algorithm is that of
 * cross-spawn (after qntm.org/cmd), which loses a backslash where two stand before a quote, and looks for programs in the working directory first.
 */
import { CannotStartError } from './executable.ts';
import { quoteForWindows } from './shellQuoting.ts';

/** Put together with spaces in between, they are the line. */
export interface WindowsLaunch {
  readonly file: string;
  readonly argv0: string;
  readonly args: readonly string[];
}

/** In UTF-16 code units: of CreateProcessW, and of cmd.exe. */
const longestLine = 32_766;
const longestLineOfShell = 8191;

/**
 * The line for a program that was found at `file`.
 * @throws CannotStartError where no line can carry these arguments.
 */
export function windowsLaunch(file: string, args: readonly string[], shell: string): WindowsLaunch {
  if (isShell(file)) return checked({ file, argv0: 'cmd.exe', args: forShellItself(args) }, longestLineOfShell);
  if (/\.(?:exe|com)$/i.test(file)) return checked({ file, argv0: asWord(file), args: args.map(asWord) }, longestLine);
  const broken = args.find((argument) => /[\r\n]/.test(argument));
  if (broken !== undefined)
    throw new CannotStartError(
      `${file} is run by cmd.exe, which cannot take an argument of several lines (${JSON.stringify(broken.slice(0, 40))}).`,
    );
  // The programs of packages hand their arguments on to another program, through cmd.exe once more.
  const times = /node_modules[\\/]\.bin[\\/][^\\/]+\.cmd$/i.test(file) ? 2 : 1;
  const line = [asCommand(file.replaceAll('/', '\\')), ...args.map((argument) => forBatchFile(argument, times))].join(' ');
  return checked({ file: shell, argv0: 'cmd.exe', args: ['/d', '/s', '/c', `"${line}"`] }, longestLineOfShell);
}

function isShell(file: string): boolean {
  return /(?:^|[\\/])cmd(?:\.exe)?$/i.test(file);
}

/** One text behind `/c` is a line, as it is; several are a program and its arguments, each kept together. */
function forShellItself(args: readonly string[]): string[] {
  const at = args.findIndex((argument) => /^\/[ck]$/i.test(argument));
  const flags = args.slice(0, at + 1);
  const rest = args.slice(at + 1);
  if (at < 0 || rest.length === 0) return args.map(asWord);
  // Or it would look at the quotes to guess which of them are meant.
  const always = flags.some((flag) => /^\/s$/i.test(flag)) ? [] : ['/s'];
  const [command = '', ...others] = rest;
  const words = others.map((word) => (isPlain(word) ? word : forBatchFile(word, 1)));
  const line = others.length === 0 ? command : [isPlain(command) ? command : asCommand(command), ...words].join(' ');
  return [...flags.slice(0, -1), ...always, ...flags.slice(-1), `"${line}"`];
}

/** Quoted only where that is needed: some programs look at their line themselves. */
function asWord(argument: string): string {
  return argument === '' || /[\s"]/.test(argument) ? quoteForWindows(argument) : argument;
}

/** Means nothing to cmd.exe, and is one word. */
function isPlain(word: string): boolean {
  return /^[\w.:\\/@+-]+$/.test(word);
}

/** Between quotes, which keep it together for every version; a name with a percent sign needs carets, which do not count there. */
function asCommand(file: string): string {
  return file.includes('%') ? escapeMeta(file) : `"${file}"`;
}

function forBatchFile(argument: string, times: number): string {
  let escaped = quoteForWindows(argument);
  for (let time = 0; time < times; time++) escaped = escapeMeta(escaped);
  return escaped;
}

/** What means something to cmd.exe, also a quote, means itself behind a caret. */
function escapeMeta(text: string): string {
  return text.replaceAll(/[()\][%!^"`<>&|;, *?]/g, '^$&');
}

function checked(launch: WindowsLaunch, longest: number): WindowsLaunch {
  const { length } = [launch.argv0, ...launch.args].join(' ');
  if (length <= longest) return launch;
  throw new CannotStartError(
    `The command line has ${length} characters; ${longest === longestLine ? 'Windows' : 'cmd.exe'} takes ${longest}.`,
  );
}
