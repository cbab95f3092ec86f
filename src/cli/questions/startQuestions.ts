/** Values that a start needs, on the command line: of the environment, of the terminal, or the default of an input. */
import { optionsOf } from '../../config/inputOptions.ts';
import type { Input, Inputs } from '../../config/inputSchema.ts';
import type { ProcessSpec } from '../../config/processSchema.ts';
import { ownInput } from '../../config/variableRules.ts';
import type { ProcessDeclaration } from '../../protocol/declare.ts';
import { startVariablesOf } from '../../protocol/neededValues.ts';
import { type GivenValues, type NeededValues, startVariableOf } from '../../protocol/startVariables.ts';
import { CliError, exitCodes } from '../exitCodes.ts';
import { checked, environmentName, fromEnvironment, isOnTerminal, secretOf } from './secrets.ts';
import { askLine, askOption } from './terminalQuestions.ts';

export interface QuestionOptions {
  /** Whether the terminal may be asked, where there is one. */
  readonly canAsk?: boolean;
}

/** Finds each value once, however many processes need it. */
export class StartQuestions {
  readonly #specs: ReadonlyMap<string, ProcessSpec>;
  readonly #canAsk: boolean;
  /** By what is asked: inputs of two files may have the same ID. */
  readonly #answers = new Map<Input | string, string>();

  constructor(specs: ReadonlyMap<string, ProcessSpec>, { canAsk = isOnTerminal() }: QuestionOptions = {}) {
    this.#specs = specs;
    this.#canAsk = canAsk;
  }

  /** @throws CliError where a value cannot be had, or a question was not answered. */
  async valuesFor(declarations: readonly ProcessDeclaration[]): Promise<GivenValues> {
    return await this.answer(declarations.map((one) => ({ name: one.name, variables: startVariablesOf(one) })));
  }

  /** @throws CliError where a value cannot be had, or a question was not answered. */
  async answer(needed: readonly NeededValues[]): Promise<GivenValues> {
    const given: [string, Record<string, string>][] = [];
    for (const { name, variables } of needed) {
      const values: [string, string][] = [];
      for (const variable of variables) values.push([variable, await this.#valueOf(name, variable)]);
      if (values.length > 0) given.push([name, Object.fromEntries(values)]);
    }
    return Object.fromEntries(given);
  }

  async #valueOf(process: string, variable: string): Promise<string> {
    const { kind, name } = startVariableOf(variable) ?? { kind: undefined, name: variable };
    const inputs: Inputs | undefined = this.#specs.get(process)?.inputs;
    const input = kind === 'input' ? ownInput(inputs, name) : undefined;
    const key = input ?? variable;
    const known = this.#answers.get(key);
    if (known !== undefined) return known;
    const value = kind === 'secret' ? await secretOf(name, this.#canAsk) : await this.#answerOf(process, variable, input);
    this.#answers.set(key, value);
    return value;
  }

  async #answerOf(process: string, variable: string, input: Input | undefined): Promise<string> {
    if (input === undefined)
      throw new CliError(
        `'${process}' cannot be started here: \${${variable}} is the answer of a command of VS Code, which the command line cannot run. Start it in VS Code, or declare an input of type "command", whose value can be set in the environment.`,
        exitCodes.usage,
      );
    const name = environmentName('INPUT', input.id);
    const given = fromEnvironment(name);
    if (given !== undefined) return givenOption(input, given, name);
    if (this.#canAsk && input.type !== 'command') return checked(`The input '${input.id}'`, await asked(input));
    if (input.type !== 'command' && input.default !== undefined) return input.default;
    const reason = input.type === 'command' ? ' is the answer of a command of VS Code, which the command line cannot run' : ' has no value';
    throw new CliError(
      `'${process}' cannot be started: the input '${input.id}'${reason}. Set it in the environment: ${name}.`,
      exitCodes.usage,
    );
  }
}

async function asked(input: Exclude<Input, { readonly type: 'command' }>): Promise<string> {
  const question = input.description ?? input.id;
  if (input.type === 'pickString') return await askOption(question, optionsOf(input), input.default);
  return await askLine(question, { isHidden: input.password === true, preset: input.default });
}

/** One of the options, where there are some: by its value. */
function givenOption(input: Input, given: string, variable: string): string {
  if (input.type !== 'pickString') return given;
  const values = optionsOf(input).map(({ value }) => value);
  if (values.includes(given)) return given;
  throw new CliError(
    `${variable} is none of the options of the input '${input.id}': ${values.slice(0, maxListed).join(', ')}.`,
    exitCodes.usage,
  );
}

/** Maximum number of options that an error names. */
const maxListed = 20;
