/** How variables are written, and where each of them may stand. */
import { noExpansion, startVariableKinds } from '../protocol/startVariables.ts';
import type { Inputs } from './inputSchema.ts';

/**
 * Kind and name, or a name alone. A name ends at the next brace, so that a text of nothing but beginnings is read once. The name is not empty.
 */
export const variable = new RegExp(String.raw`\$\{(?:(env|port|config|input|command|secret):${noExpansion}([^{}]+)|(\w+|/))\}`, 'g');

/** What is known of the place that a text stands in. */
export interface VariablePlace {
  /** What its `${input:ID}` mean. */
  readonly inputs?: Inputs;
  /** Whether confidential values may stand here: in the environment, which only the user's own processes can read. */
  readonly takesSecrets?: boolean;
  /** Whether it is filled in when a process is started, and not before. Default: true. */
  readonly isFilledAtStart?: boolean;
}

/** What a variable says, as it is written. */
interface WrittenVariable {
  readonly kind: string;
  readonly name: string;
}

/** Maximum length of the name in a variable, in characters. */
const maxNameLength = 200;
const secretName = /^[A-Za-z_][\w.-]*$/;

/**
 * Why a variable has no value in any place, or may not stand in this one, as a clause. All users of a machine can read command lines, and so do records,
 * histories and logs: what is confidential is given by the environment only.
 */
export function placeProblem({ kind, name }: WrittenVariable, place: VariablePlace): string | undefined {
  const { inputs, takesSecrets = false, isFilledAtStart = true } = place;
  if (name.length > maxNameLength) return `its name is longer than ${maxNameLength} characters`;
  if (kind === 'secret' && !secretName.test(name))
    return 'the name of a secret has letters, digits, _, . and - in it, and begins with a letter or _';
  if (!isFilledAtStart && startVariableKinds.some((one) => one === kind)) return 'its value is known only when a process is started';
  const input = kind === 'input' ? ownInput(inputs, name) : undefined;
  if (kind === 'input' && input === undefined) return `there is no input '${name}' in "inputs"`;
  const isPassword = input?.type === 'promptString' && input.password === true;
  if ((kind === 'secret' || isPassword) && !takesSecrets)
    return `${isPassword ? 'the value of a password input' : 'a secret'} may stand in "env" only, because all users of the machine can see command lines. Set a variable there, and read that in the command`;
  return undefined;
}

/** Not what every object has, such as `constructor`. */
export function ownInput(inputs: Inputs | undefined, name: string): Inputs[string] | undefined {
  return inputs && Object.hasOwn(inputs, name) ? inputs[name] : undefined;
}

/** A beginning that no variable follows: of ours, a shell knows none of these with a colon, but for its own expansions. */
const beginning = new RegExp(String.raw`\$\{(?:config|input|command|secret):${noExpansion}`, 'g');

/** What is wrong with the variables of a text in this place, each as a sentence without its period. */
export function variableProblems(text: string, place: VariablePlace): string[] {
  const whole = new Map(Array.from(text.matchAll(variable), (found) => [found.index, found] as const));
  const malformed = Array.from(text.matchAll(beginning)).flatMap(({ 0: begun, index }) =>
    whole.has(index) ? [] : [`'${begun}' is no variable: it needs a name, and a closing brace behind it`],
  );
  const misplaced = Array.from(whole.values()).flatMap(([written, kind, name = '']) => {
    if (kind === undefined || kind === 'env' || kind === 'port') return [];
    const problem = placeProblem({ kind, name }, place);
    return problem === undefined ? [] : [`${written}: ${problem}`];
  });
  return [...malformed, ...misplaced];
}
