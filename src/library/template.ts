import { type Command, OptionError, type TemplateValue } from './api.ts';

type Values = readonly TemplateValue[];

/**
 * A function of a command and options that can be called as the tag of a template, too, by itself or with options before it: `` run`git log ${ref}` ``,
 * `` run({ cwd })`git log` ``.
 */
export function templated<Options extends object, Result>(call: (command: Command, options?: Options) => Promise<Result>) {
  return (first: Command | TemplateStringsArray | Options, ...rest: readonly unknown[]): unknown => {
    if (isTemplate(first)) return called(call, first, rest as Values, undefined);
    if (typeof first === 'object' && first !== null && !Array.isArray(first))
      return (words: TemplateStringsArray, ...values: Values) => called(call, words, values, first as Options);
    return call(first as Command, rest[0] as Options | undefined);
  };
}

/** A template that makes no sense is a rejection, as every other failure is. */
async function called<Options, Result>(
  call: (command: Command, options?: Options) => Promise<Result>,
  words: TemplateStringsArray,
  values: Values,
  options: Options | undefined,
): Promise<Result> {
  return await call(commandOf(words, values), options);
}

function isTemplate(value: unknown): value is TemplateStringsArray {
  return Array.isArray(value) && 'raw' in value;
}

/**
 * The words between spaces and line breaks; no character has another meaning. A value is never divided, and a list of values gives a word each.
 * @throws OptionError where there is no word, or a list is only a part of one.
 */
export function commandOf({ raw }: TemplateStringsArray, values: Values): readonly [string, ...string[]] {
  const words: string[] = [];
  let word: string | undefined;
  const end = (): void => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  for (const [index, literal] of raw.entries()) {
    for (const part of literal.split(/(\s+)/)) {
      if (/^\s/.test(part)) end();
      else if (part !== '') word = `${word ?? ''}${part}`;
    }
    const value = values[index];
    if (Array.isArray(value)) {
      if (word !== undefined || /^\S/.test(raw[index + 1] ?? ''))
        throw new OptionError('command: a list of values must have spaces around it, because each of them is a word of its own.');
      words.push(...value.map(String));
    } else if (index < values.length) word = `${word ?? ''}${String(value)}`;
  }
  end();
  const [program, ...args] = words;
  if (program === undefined) throw new OptionError('command: the template has no word.');
  return [program, ...args];
}
