/**
 * Variables of a declared process whose values a client gives when it starts the process: what is asked of the user, what a command of VS Code
 * answers, and secrets. They stand in the texts of a template as `${input:ID}`, `${command:ID}` and `${secret:NAME}`. A warden keeps their values in
 * memory, for restarts, and in no file.
 */

export const startVariableKinds = ['input', 'command', 'secret'] as const;
export type StartVariableKind = (typeof startVariableKinds)[number];

/** Part of a regular expression: what follows the colon is no expansion of a shell, such as `${input:-x}` or `${input:0:3}`, which stays as it is. */
export const noExpansion = String.raw`(?![-+=?\s]|-?\d+[:}])`;

/** Values by variable, as it stands between the braces: `input:target`. */
export type StartValues = Readonly<Record<string, string>>;

/** Values of several processes, by declared name. */
export type GivenValues = Readonly<Record<string, StartValues>>;

/** What has to be given before a process is started. */
export interface NeededValues {
  /** Declared. */
  readonly name: string;
  /** As in {@link StartValues}, each once. */
  readonly variables: readonly string[];
}

/** Maximum length of one value, in UTF-16 code units; Linux takes no argument or variable above 128 KiB (execve(2)). */
export const maxValueLength = 32_768;
/** Maximum number of values that are given to one process. */
export const maxValues = 200;

export interface StartVariable {
  readonly kind: StartVariableKind;
  /** Of the input, the command or the secret. */
  readonly name: string;
}

/** Reads what stands between the braces. */
export function startVariableOf(text: string): StartVariable | undefined {
  const at = text.indexOf(':');
  const kind = startVariableKinds.find((one) => one === text.slice(0, at));
  return kind && { kind, name: text.slice(at + 1) };
}

/** Why a value cannot be used, as a clause; undefined where it can. */
export function valueProblem(value: string): string | undefined {
  if (value.length > maxValueLength) return `it is longer than ${maxValueLength} characters`;
  return value.includes('\0') ? 'it has a NUL character in it, which no program can receive' : undefined;
}
