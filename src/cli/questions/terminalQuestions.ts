/** Questions on the terminal. They stand on stderr: stdout is for what was asked for. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { visible } from '../../protocol/visible.ts';
import { CliError, signalExitCode } from '../exitCodes.ts';
import { complain, prompt } from '../say.ts';

export interface LineOptions {
  /** What is typed is not shown. */
  readonly isHidden?: boolean;
  /** The answer of Enter alone. */
  readonly preset?: string | undefined;
}

/** @throws CliError where the input ends, or the user interrupts it. */
export async function askLine(question: string, { isHidden = false, preset }: LineOptions = {}): Promise<string> {
  const shownPreset = preset === undefined || isHidden ? '' : ` [${visible(preset)}]`;
  const answer = await readLine(`${visible(question)}${shownPreset}: `, isHidden);
  return answer === '' && preset !== undefined ? preset : answer;
}

interface Option {
  readonly label: string;
  readonly value: string;
}

/** By its number or its value; asked again until it is one. @throws CliError as {@link askLine}. */
export async function askOption(question: string, options: readonly Option[], preset: string | undefined): Promise<string> {
  complain(question, ...options.map(({ label }, index) => `  ${index + 1}  ${label}`));
  const presetAt = options.findIndex(({ value }) => value === preset);
  const shownPreset = presetAt < 0 ? '' : ` [${presetAt + 1}]`;
  for (;;) {
    const answer = await readLine(`1 to ${options.length}${shownPreset}: `, false);
    if (answer === '' && preset !== undefined) return preset;
    const chosen = options.find(({ value }) => value === answer) ?? (/^\d+$/.test(answer) ? options[Number(answer) - 1] : undefined);
    if (chosen) return chosen.value;
  }
}

async function readLine(question: string, isHidden: boolean): Promise<string> {
  const output = isHidden ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr;
  // Before anything can be typed, the terminal shows nothing of it.
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  let end: CliError | undefined;
  const ended = new Promise<undefined>((resolve) => terminal.once('close', () => resolve(undefined)));
  terminal.once('SIGINT', () => {
    end = new CliError('Nothing was started: the question was interrupted.', signalExitCode('SIGINT'));
    terminal.close();
  });
  if (isHidden) prompt(question);
  // A question of an interface that is closed is never answered.
  const answer = await Promise.race([terminal.question(isHidden ? '' : question).catch(() => undefined), ended]);
  terminal.close();
  if (isHidden || answer === undefined) prompt('\n');
  if (answer === undefined) throw end ?? new CliError('Nothing was started: the question was not answered.');
  return answer;
}
