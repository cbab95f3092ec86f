/** What a shell may offer for the word that is being typed; from the commands themselves, pure. */
import type { Argument, Command, Option } from 'commander';
import { CompletedArgument, CompletedOption, type Completes } from './completed.ts';

export interface Candidate {
  readonly value: string;
  /** One line; may be empty. */
  readonly description: string;
}

/** `files`: the shell completes names of files by itself. */
export type Candidates = readonly Candidate[] | 'files';

/** Names, by what is asked for; read only where they are. */
export type Names = (completes: Exclude<Completes, 'files'>) => readonly Candidate[];

/** @param words What is typed behind the program's name; the last one is being typed, and may be empty. */
export function candidatesFor(program: Command, words: readonly string[], names: Names): Candidates {
  const current = words.at(-1) ?? '';
  const place = placeOf(program, words.slice(0, -1));
  const found = at(program, place, current, names);
  return found === 'files' ? found : found.filter(({ value }) => value.startsWith(current));
}

/** Where the word that is being typed stands. */
interface Place {
  /** Undefined: it is the name of a command. */
  readonly command: Command | undefined;
  /** It is the value of this option. */
  readonly option?: Option;
  /** Those in front of it that are no options. */
  readonly operands: readonly string[];
  /** Flags that are given already. */
  readonly given: ReadonlySet<string>;
  /** There is a `--`, or all is another command's. */
  readonly isPastOptions: boolean;
}

function placeOf(program: Command, before: readonly string[]): Place {
  const start = before.findIndex((word) => !word.startsWith('-'));
  const name = start < 0 ? undefined : before[start];
  const command = name === undefined ? undefined : program.commands.find((one) => one.name() === name || one.aliases().includes(name));
  const nothing = { operands: [], given: new Set<string>(), isPastOptions: false };
  if (command === undefined) return { command: name === undefined ? undefined : program, ...nothing };
  const operands: string[] = [];
  const given = new Set<string>();
  const rest = before.slice(start + 1);
  for (let index = 0; index < rest.length; index++) {
    const word = rest[index] ?? '';
    if (word === '--') return { command, operands: [...operands, ...rest.slice(index + 1)], given, isPastOptions: true };
    if (!word.startsWith('-') || word === '-') {
      operands.push(word);
      continue;
    }
    const option = command.options.find(({ long, short }) => word === long || word === short);
    // What collects its values may be given again.
    for (const flag of option && option.parseArg === undefined ? [option.long, option.short] : []) if (flag) given.add(flag);
    if (!takesValue(option)) continue;
    if (index === rest.length - 1) return { command, option, operands, given, isPastOptions: false };
    index++;
  }
  return { command, operands, given, isPastOptions: false };
}

function takesValue(option: Option | undefined): option is Option {
  return option !== undefined && (option.required || option.optional);
}

function at(program: Command, { command, option, operands, given, isPastOptions }: Place, current: string, names: Names): Candidates {
  if (command === undefined) return current.startsWith('-') ? flagsOf(program, new Set()) : commandsOf(program);
  // No such command: what follows means nothing.
  if (command === program) return [];
  if (option) return valuesOf(option, names);
  const [, optionName, value] = current.match(/^(--[^=]+)=(.*)$/s) ?? [];
  if (optionName !== undefined && value !== undefined && !isPastOptions) {
    const assigned = command.options.find((one) => one.long === optionName);
    const values = takesValue(assigned) ? valuesOf(assigned, names) : [];
    return values === 'files' ? [] : values.map((one) => ({ ...one, value: `${optionName}=${one.value}` }));
  }
  if (current.startsWith('-') && !isPastOptions) return flagsOf(command, given);
  const { registeredArguments } = command;
  const last = registeredArguments.at(-1);
  const argument = registeredArguments[operands.length] ?? (last?.variadic ? last : undefined);
  if (argument === undefined) return [];
  const values = valuesOf(argument, names);
  return values === 'files' ? values : values.filter((one) => !operands.includes(one.value));
}

function commandsOf(program: Command): Candidate[] {
  const visible = program.createHelp().visibleCommands(program);
  return visible.map((one) => ({ value: one.name(), description: one.description() }));
}

function flagsOf(command: Command, given: ReadonlySet<string>): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, short, description }) => {
      const flag = long ?? short;
      return flag === undefined || given.has(flag) ? [] : [{ value: flag, description }];
    });
}

function valuesOf(one: Argument | Option, names: Names): Candidates {
  if (one.argChoices) return one.argChoices.map((value) => ({ value, description: '' }));
  const completes = one instanceof CompletedArgument || one instanceof CompletedOption ? one.completes : undefined;
  if (completes === undefined) return [];
  return completes === 'files' ? completes : names(completes);
}
