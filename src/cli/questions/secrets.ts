/** Secrets on the command line: of the environment, or of the terminal. */
import { valueProblem } from '../../protocol/startVariables.ts';
import { CliError, exitCodes } from '../exitCodes.ts';
import { isInForeground, streamsOnTerminal } from '../ownTerminal.ts';
import { askLine } from './terminalQuestions.ts';

/** @throws CliError where it is in neither, or cannot be used. */
export async function secretOf(name: string, canAsk: boolean): Promise<string> {
  const variable = environmentName('SECRET', name);
  const given = fromEnvironment(variable);
  if (given) return given;
  if (!canAsk) throw new CliError(`The secret '${name}' is not known. Set it in the environment: ${variable}.`, exitCodes.usage);
  const answer = checked(`The secret '${name}'`, await askLine(`Secret ${name}`, { isHidden: true }));
  if (answer === '') throw new CliError(`Nothing was started: the secret '${name}' was left empty.`);
  return answer;
}

/** Asks for each once, however often it is wanted, and for one after the other. */
export function rememberedSecrets(): (name: string) => Promise<string> {
  const known = new Map<string, Promise<string>>();
  let asking: Promise<unknown> = Promise.resolve();
  return (name) => {
    const found = known.get(name) ?? asking.then(() => secretOf(name, isOnTerminal()));
    known.set(name, found);
    asking = found.catch(() => undefined);
    return found;
  };
}

/** Names of variables that every shell can set have no other characters. */
export function environmentName(kind: 'INPUT' | 'SECRET', name: string): string {
  return `TREE_WARDEN_${kind}_${name.replaceAll(/\W/g, '_')}`;
}

export function fromEnvironment(variable: string): string | undefined {
  const value = process.env[variable];
  return value === undefined ? undefined : checked(variable, value);
}

/** What it is too long for, or has in it, is said without the value. */
export function checked(what: string, value: string): string {
  const problem = valueProblem(value);
  if (problem !== undefined) throw new CliError(`${what} cannot be used: ${problem}.`, exitCodes.usage);
  return value;
}

export function isOnTerminal(): boolean {
  const [stdin, , stderr] = streamsOnTerminal();
  return stdin && stderr && isInForeground();
}
