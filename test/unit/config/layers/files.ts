/** A workspace of files in memory, as the reader of processes.json sees it. */
import { posix } from 'node:path';
import { type ParsedProcesses, type ParseOptions, parseProcesses } from '../../../../src/config/parseProcesses.ts';
import { resolveSpec } from '../../../../src/config/resolveSpec.ts';
import { UnreadableTextError } from '../../../../src/config/textFile.ts';

export const folder = '/repo/web';
export const rootPath = `${folder}/.vscode/processes.json`;
export const localPath = `${folder}/.vscode/processes.local.json`;

/** Absolute paths to texts, or to what is written as JSON with a line for each value. `links`: symbolic links to files. */
export interface World {
  readonly files: Readonly<Record<string, string | object>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly system?: NonNullable<ParseOptions['system']>;
}

export function read({ files, links = {}, system = 'linux' }: World, before?: ParsedProcesses): ParsedProcesses {
  const text = (path: string): string => {
    const found = files[path];
    if (found === undefined) throw new UnreadableTextError('there is no such file');
    return typeof found === 'string' ? found : JSON.stringify(found, undefined, 1);
  };
  const realPath = (path: string): string => {
    const real = links[posix.normalize(path)] ?? posix.normalize(path);
    text(real);
    return real;
  };
  const local = localPath in files ? { path: localPath, text: text(localPath) } : undefined;
  const location = { path: rootPath, folder, access: { read: text, realPath } };
  return parseProcesses(text(rootPath), before, { system, location, ...(local && { local }) });
}

/** With only the workspace's own file, and the person's where that is given. */
export function readOwn(root: object, local?: object, system?: World['system']): ParsedProcesses {
  return read({ files: { [rootPath]: root, ...(local && { [localPath]: local }) }, ...(system && { system }) });
}

/** What is wrong, as `FILE:LINE message`. */
export function problemsOf({ problems }: ParsedProcesses): string[] {
  return problems.map(({ file = rootPath, line, message }) => `${posix.relative(folder, file)}:${line + 1} ${message}`);
}

/** What would be started: the working directory, the environment, and the command where that is a line for the shell. */
export async function resolved(
  parsed: ParsedProcesses,
  name: string,
): Promise<{ readonly cwd: string; readonly env: Readonly<Record<string, string | null>>; readonly command: string | undefined }> {
  const spec = parsed.specs.get(name);
  if (spec === undefined) throw new Error(`There is no '${name}': ${problemsOf(parsed).join('; ')}`);
  const { cwd, env = {}, argv } = await resolveSpec(name, spec, { workspaceFolder: folder, env: {}, portFor: () => Promise.resolve(1) });
  return { cwd: cwd ?? '', env, command: argv.at(-1) };
}
