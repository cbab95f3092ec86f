/** Command lines: process-compose runs them in bash, or in the shell that the file names; a string of ours runs in /bin/sh. */
import { posix } from 'node:path';
import { quoteForShell } from '../../../command/shellQuoting.ts';
import type { System } from '../foundTask.ts';
import { shellText, type TextContext } from './texts.ts';

export type WrittenCommand = string | readonly [string, ...string[]];

export interface CommandContext extends TextContext {
  readonly system: System;
  /** `shell` of the file: program, and the argument before a line. */
  readonly shell: readonly [string, string] | undefined;
  /** `env_cmds` of the file: the value of a variable is what a command prints. */
  readonly envCommands: ReadonlyMap<string, string>;
}

/** Undefined where it cannot be said, which is noted, or is empty. */
export function shellCommand(value: unknown, key: string, context: CommandContext, isTemplate = true): WrittenCommand | undefined {
  const line = shellText(value, key, context, isTemplate)?.trim();
  if (line === undefined || line === '') return undefined;
  const prelude = Array.from(context.envCommands, ([name, command]) =>
    new RegExp(String.raw`\$\{?${name}\b`).test(line) ? `export ${name}="$(${command})"; ` : '',
  ).join('');
  return inShell(prelude + line, context);
}

function inShell(line: string, { system, shell }: CommandContext): WrittenCommand {
  if (shell) return [...shell, line];
  // There, the default is cmd.exe, as with us.
  return system === 'windows' || isForAnyShell(line) ? line : ['bash', '-c', line];
}

/** Maximum length of a line that is looked through for what only bash knows. */
const maxJudged = 4000;

/** Words that bash knows and other shells do not, or otherwise. */
const bashWords =
  /(?:^|[\s;&|])(?:source|declare|typeset|local|shopt|pushd|popd|let|select|function|coproc|mapfile|readarray|enable|builtin|time|disown|echo\s+-[neE]|set\s+-o|wait\s+-n|read\s+-|printf\s+-v|export\s+-|trap\s.*\b(?:ERR|DEBUG|RETURN)\b)(?:\s|$|;)|\$(?:RANDOM|SECONDS|BASH\w*|PIPESTATUS|EPOCH\w+|UID|EUID|HOSTNAME|OSTYPE)\b/;

/** Whether it surely means the same in every POSIX shell; a line of bash that does too may be told to run in bash all the same. */
function isForAnyShell(line: string): boolean {
  if (line.length > maxJudged) return false;
  const rest = line.replaceAll(/\$\{\w+\}|>&\d|2>&1/g, 'x');
  return !/[\\[(){<^!]|&>|>&|\|&|\$['"]|~[+-]/.test(rest) && !bashWords.test(line);
}

/** The same command in another working directory than that of its process. */
export function commandIn(folder: string, command: WrittenCommand, { system }: CommandContext): WrittenCommand {
  const change = `cd ${quoteForShell({ value: folder, quoting: 'strong' }, system === 'windows')}`;
  if (typeof command === 'string') return `${change} && ${command}`;
  return [...command.slice(0, -1), `${change} || exit 1\n${command.at(-1)}`] as unknown as WrittenCommand;
}

/** Of a path that is relative to the working directory, from the workspace folder. */
export function pathBelow(cwd: string | undefined, path: string): string {
  return cwd === undefined || /^(?:[/\\~$]|[A-Za-z]:)/.test(path) ? path : posix.join(cwd, path);
}
