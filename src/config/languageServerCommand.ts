import { CannotStartError } from '../command/executable.ts';
import type { LanguageServerSpec } from './languageServerSchema.ts';
import { resolveSpec, type TemplateContext } from './resolveSpec.ts';
import { fillVariables } from './variables.ts';

/** Where a server connects to the editor: the path of a socket (on Windows, the name of a pipe), or a port of 127.0.0.1. */
export interface ServerAddress {
  readonly kind: 'pipe' | 'socket';
  readonly value: string;
}

/** What a declared server is started with. */
export interface LanguageServerCommand {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | null>>;
  readonly initializationOptions: unknown;
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * Fills in variables, reads environment files, and adds the address to the command, where the command does not say by `${pipe}` or `${socket}` where it belongs.
 * @throws CannotStartError that names the variable or the file.
 */
export async function languageServerCommand(
  name: string,
  spec: LanguageServerSpec,
  context: TemplateContext,
  address?: ServerAddress,
): Promise<LanguageServerCommand> {
  const portFor = (port: string): never => {
    throw new CannotStartError(`\${port:${port}} cannot be used in a language server.`);
  };
  const variables = { ...context, portFor, ...(address && { known: new Map([[address.kind, address.value]]) }) };
  const { cwd, env, envFile } = spec;
  const command = address === undefined ? spec.command : withAddress(spec.command, address.kind);
  const resolved = await resolveSpec(
    name,
    { command, ...(cwd !== undefined && { cwd }), ...(env && { env }), ...(envFile && { envFile }) },
    variables,
  );
  const fill = (text: string): Promise<string> => fillVariables(text, { ...variables, cwd: resolved.cwd });
  return {
    command: resolved.argv,
    cwd: resolved.cwd,
    env: resolved.env,
    initializationOptions: await filled(spec.initializationOptions, fill),
    settings: (await filled(spec.settings ?? {}, fill)) as Readonly<Record<string, unknown>>,
  };
}

/** As `vscode-languageclient` adds it. */
function withAddress(command: LanguageServerSpec['command'], kind: ServerAddress['kind']): LanguageServerSpec['command'] {
  const variable = `\${${kind}}`;
  if ([command].flat().some((part) => part.includes(variable))) return command;
  const argument = `--${kind}=${variable}`;
  return typeof command === 'string' ? `${command} "${argument}"` : [command[0], ...command.slice(1), argument];
}

/** The same value with the variables of its texts filled in; its depth is bounded by the file that it comes from. */
async function filled(value: unknown, fill: (text: string) => Promise<string>): Promise<unknown> {
  if (typeof value === 'string') return await fill(value);
  if (Array.isArray(value)) return await Promise.all(value.map((one) => filled(one, fill)));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([key, one]) => [key, await filled(one, fill)] as const)));
}
