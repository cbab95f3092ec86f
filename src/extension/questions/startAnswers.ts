/** The values that starts in this window need: answers of the user and of commands, and secrets. */
import * as vscode from 'vscode';
import { ownInput } from '../../config/variableRules.ts';
import { errorCodes } from '../../protocol/errorCodes.ts';
import { type GivenValues, type NeededValues, startVariableOf } from '../../protocol/startVariables.ts';
import { StartFailure } from '../running/failedStarts.ts';
import { tellBriefly } from '../tell.ts';
import type { DeclaredProcess, WorkspaceSpecs } from '../workspaceSpecs.ts';
import { answerOfCommand, askInput } from './inputQuestion.ts';
import { QuestionQueue } from './questionQueue.ts';
import { type Secrets, secretsIn } from './secrets.ts';

/** How long a message stays in the status bar, in milliseconds. */
const briefMillis = 5000;

export class StartAnswers {
  readonly #specs: Pick<WorkspaceSpecs, 'find'>;
  readonly #secrets: Secrets;
  readonly #questions = new QuestionQueue();

  constructor(specs: Pick<WorkspaceSpecs, 'find'>, secrets: Secrets) {
    this.#specs = specs;
    this.#secrets = secrets;
  }

  /**
   * Asks for what is needed, one question after the other.
   * @throws StartFailure of a start that is called off, where a question was dismissed.
   */
  async answer(needed: readonly NeededValues[]): Promise<GivenValues> {
    const given: [string, Record<string, string>][] = [];
    for (const { name, variables } of needed) {
      const declared = this.#specs.find(name);
      if (declared === undefined) throw new Error(vscode.l10n.t('There is no process “{0}” in processes.json.', name));
      const values: [string, string][] = [];
      for (const variable of variables) values.push([variable, await this.#valueOf(declared, variable)]);
      given.push([name, Object.fromEntries(values)]);
    }
    return Object.fromEntries(given);
  }

  /** The secrets of a process that are known without a question: a new value counts at its next restart. */
  async knownSecrets({ name, spec, folder }: DeclaredProcess): Promise<GivenValues> {
    const values: [string, string][] = [];
    for (const secret of secretsIn(spec)) {
      const value = await this.#secrets.valueOf(folder, secret);
      if (value !== undefined) values.push([`secret:${secret}`, value]);
    }
    return values.length === 0 ? {} : { [name]: Object.fromEntries(values) };
  }

  async #valueOf(declared: DeclaredProcess, variable: string): Promise<string> {
    const value = await this.#find(declared, variable);
    if (value !== undefined) return value;
    const { name } = declared;
    const message = vscode.l10n.t('“{0}” was not started, because the question for {1} was dismissed.', name, `\${${variable}}`);
    tellBriefly(message, briefMillis);
    throw new StartFailure([{ name, message, code: errorCodes.superseded }]);
  }

  async #find({ name, spec, folder }: DeclaredProcess, variable: string): Promise<string | undefined> {
    const found = startVariableOf(variable);
    const ask = (what: string, question: () => Promise<string | undefined>): Promise<string | undefined> =>
      this.#questions.ask(JSON.stringify([folder.uri.toString(), what]), question);
    switch (found?.kind) {
      case 'secret':
        return (await this.#secrets.valueOf(folder, found.name)) ?? (await ask(variable, () => this.#secrets.ask(folder, found.name)));
      case 'command':
        return await ask(variable, () => answerOfCommand(found.name, []));
      case 'input': {
        const input = ownInput(spec.inputs, found.name);
        // Another input of that ID, of an included file, is another question.
        if (input) return await ask(JSON.stringify(input), () => askInput(input, name));
        break;
      }
      case undefined:
    }
    throw new Error(vscode.l10n.t('“{0}” was not started, because nothing gives {1} a value.', name, `\${${variable}}`));
  }
}
