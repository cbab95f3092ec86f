/** What an input of processes.json asks of the user, or of a command. */
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { optionsOf } from '../../config/inputOptions.ts';
import type { Input } from '../../config/inputSchema.ts';
import { valueProblem } from '../../protocol/startVariables.ts';
import { askText, pickOne, withCancellation } from '../tell.ts';

/** `process`: the name of what is started. Undefined where the question was dismissed. @throws Error of the command. */
export async function askInput(input: Input, process: string): Promise<string | undefined> {
  const title = vscode.l10n.t('Start {0}', process);
  switch (input.type) {
    case 'promptString':
      return await askText({
        title,
        prompt: input.description ?? input.id,
        ...(input.default !== undefined && { value: input.default }),
        password: input.password === true,
        ignoreFocusOut: true,
        validateInput: valueProblem,
      });
    case 'pickString': {
      const isPreset = ({ value }: { readonly value: string }): boolean => value === input.default;
      const items = optionsOf(input).map((option) => ({
        label: option.label,
        description: isPreset(option) ? vscode.l10n.t('Default') : '',
        value: option.value,
      }));
      const ordered = [...items.filter(isPreset), ...items.filter((item) => !isPreset(item))];
      return (await pickOne(ordered, { title, placeHolder: input.description, ignoreFocusOut: true }))?.value;
    }
    case 'command':
      return await answerOfCommand(input.command, input.args === undefined ? [] : [input.args]);
  }
}

/** Time after which a command that has not answered can be given up, in milliseconds. */
const patienceMillis = 2000;

/** Undefined where the command has given up itself, or the user has given it up. @throws Error where there is none, or it answers with something else. */
export async function answerOfCommand(command: string, args: readonly unknown[]): Promise<string | undefined> {
  const running = Promise.resolve(vscode.commands.executeCommand<unknown>(command, ...args)).then((value) => ({ value }));
  let answer = await Promise.race([running, delay(patienceMillis)]);
  if (answer === undefined)
    await withCancellation(vscode.l10n.t('Waiting for the answer of the command {0}…', command), async (signal) => {
      const given = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
      answer = (await Promise.race([running, given])) ?? { value: undefined };
    });
  const value = answer?.value ?? undefined;
  if (value === undefined) return undefined;
  const problem = typeof value === 'string' ? valueProblem(value) : 'it is no string';
  if (typeof value === 'string' && problem === undefined) return value;
  throw new Error(vscode.l10n.t('The answer of the command {0} cannot be used: {1}.', command, problem ?? ''));
}
