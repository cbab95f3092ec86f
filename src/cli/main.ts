#!/usr/bin/env node
/** The command line: the same engine for terminals, scripts, CI and agents. */
import { Command, CommanderError, Option } from 'commander';
import { errorText } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';
import { kill, logs, restart, sweep } from './control.ts';
import { CliError, exitCodeHelp, exitCodes } from './exitCodes.ts';
import { ps } from './ps.ts';
import { type RunOptions, run } from './run.ts';
import { up } from './up.ts';

function buildProgram(finish: (code: number) => void): Command {
  const act =
    <Args extends unknown[]>(work: (...args: Args) => Promise<number>) =>
    async (...args: Args): Promise<void> =>
      finish(await work(...args));
  const program = new Command('tree-warden')
    .description('Owns process trees: nothing of a tree outlives its cancel, its window, or a crash of whoever managed it.')
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError('(tree-warden --help shows what there is)')
    .addHelpText('after', exitCodeHelp)
    .exitOverride();
  program
    .command('run')
    .description('run a command in the foreground; its exit status and signals are passed on, and nothing of it stays behind')
    .usage('[options] [--] COMMAND [ARG…]')
    .option('-n, --name <name>', "the name it is listed under (default: the command's)")
    .option('-g, --grace <duration>', 'time between SIGTERM and SIGKILL', '5s')
    .option('-c, --containment <means>', 'auto or group', 'auto')
    .addOption(
      new Option('--when-leader-exits <policy>', 'what becomes of processes that outlive the command')
        .choices(['kill', 'keep'])
        .default('kill'),
    )
    .argument('<command...>')
    .passThroughOptions()
    .action(act((argv: string[], options: RunOptions) => run(argv as [string, ...string[]], options)));
  program
    .command('up')
    .description('start what .vscode/processes.json declares, with prefixed output, until all of it has ended')
    .argument('[names...]', 'only these')
    .action(act((names: string[]) => up(names)));
  program
    .command('ps')
    .description('list the trees of all wardens of this user')
    .option('--json', 'as JSON')
    .option('-a, --all', 'also those that have ended')
    .action(act((options) => ps(options)));
  program
    .command('kill')
    .description('stop trees, each with its own escalation')
    .argument('[trees...]', 'names, ids, or pids of members')
    .option('-a, --all', 'every tree of every warden of this user')
    .option('--now', 'SIGKILL at once')
    .option('--json', 'as JSON')
    .action(act((names: string[], options) => kill(names, options)));
  program
    .command('restart')
    .description('stop trees and start them again')
    .argument('<trees...>', 'names, ids, or pids of members')
    .option('--json', 'as JSON')
    .action(act((names: string[], options) => restart(names, options)));
  program
    .command('logs')
    .description('print what a tree has printed')
    .argument('<tree>', 'name, id, or pid of a member')
    .option('-f, --follow', 'and what it prints from now on')
    .action(act((name: string, options) => logs(name, options)));
  program
    .command('sweep')
    .description('end what was left behind when everything that guarded it was killed at once')
    .option('--json', 'as JSON')
    .action(act((options) => sweep(options)));
  return program;
}

async function main(): Promise<number> {
  let code: number = exitCodes.ok;
  try {
    await buildProgram((result) => {
      code = result;
    }).parseAsync();
    return code;
  } catch (error) {
    // Commander has said what was wrong, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    process.stderr.write(`tree-warden: ${errorText(error)}\n`);
    return error instanceof CliError ? error.exitCode : exitCodes.failed;
  }
}

// Someone reads no further (tree-warden logs | head): that is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed));

void main().then((code) => process.exit(code));
