#!/usr/bin/env node
/** The command line: the same engine for terminals, scripts, CI and agents. */
import { CommanderError } from 'commander';
import { keepDebuggerClosed } from '../protocol/debuggerSignal.ts';
import { errorText } from '../protocol/errors.ts';
import { linesOf } from '../protocol/visible.ts';
import { endWith } from './ending.ts';
import { CliError, exitCodes } from './exitCodes.ts';
import { buildProgram } from './program.ts';
import { complain } from './say.ts';

/** Maximum number of arguments; the parser of the command line hands them on as a call, which takes no more than some 120,000. */
const maxArguments = 100_000;

async function main(): Promise<number> {
  let code: number = exitCodes.ok;
  try {
    const count = process.argv.length - 2;
    if (count > maxArguments)
      throw new CliError(
        `There are ${count} arguments, and at most ${maxArguments} can be handed on. Use a file, or xargs -n.`,
        exitCodes.usage,
      );
    await buildProgram((result) => {
      code = result;
    }).parseAsync();
    return code;
  } catch (error) {
    // Commander has said what was wrong, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    const [sentence, ...lines] = error instanceof CliError ? error.lines : linesOf(errorText(error));
    if (sentence !== '') complain(sentence, ...lines);
    return error instanceof CliError ? error.exitCode : exitCodes.failed;
  }
}

keepDebuggerClosed();
endWith(main());
