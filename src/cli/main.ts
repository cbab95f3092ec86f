#!/usr/bin/env node
/** The command line: the same engine for terminals, scripts, CI and agents. */
import { Command, CommanderError, Option } from 'commander';
import { errorText } from '../protocol/errors.ts';
import { version } from '../protocol/version.ts';
import { chat } from './chat.ts';
import { kill, logs, restart, sweep } from './control.ts';
import { doctor } from './doctor.ts';
import { CliError, exitCodeHelp, exitCodes } from './exitCodes.ts';
import { gateway } from './gateway.ts';
import { mcp } from './mcp.ts';
import { load, models, unload } from './models.ts';
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
    .addOption(
      new Option('-c, --containment <means>', 'how its processes are held together; tree-warden doctor says what this machine has')
        .choices(['auto', 'group', 'cgroup', 'namespace', 'job'])
        .default('auto'),
    )
    .option('-d, --detached', 'give it a life of its own: print its id and return; it is listed, logged and killed as any other')
    .option('--memory <size>', 'all its processes together: 512m, 2g')
    .option('--processes <count>', 'how many it may have at once')
    .option('--cpu <cores>', 'how much of the processor it may use: 1.5, 150%')
    .option('--time <duration>', 'how long it may run: 90s, 10m')
    .option('--open-files <count>', 'how many files each of its processes may have open')
    .addOption(
      new Option(
        '--on-limit <action>',
        'what happens when a limit is reached (default: kill for memory and processes, stop for time, warn for cpu)',
      ).choices(['warn', 'stop', 'kill']),
    )
    .option('--nice <level>', 'its priority, from 0 to 19, the most yielding')
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
    .option('--summary', 'how many there are, and what they use together')
    .action(act((options) => ps(options)));
  program
    .command('kill')
    .description('stop trees, each with its own escalation')
    .argument('[trees...]', 'names, ids, or pids of members')
    .option('-a, --all', 'every tree of every warden of this user')
    .option('-p, --port <number>', 'whoever listens on this port: a tree, or any other process of this user, which is asked about first')
    .option('-y, --yes', 'do not ask')
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
    .command('gateway')
    .description('serve the models that .vscode/processes.json declares, at one address, without an editor')
    .argument('[names...]', 'only these')
    .option('-p, --port <number>', 'of 127.0.0.1; by default any that is free', '0')
    .option('--json', 'print address and token as a line of JSON')
    .addHelpText('after', '\nThe token is taken from TREE_WARDEN_TOKEN, where that is set.')
    .action(act((names: string[], options) => gateway(names, options)));
  program
    .command('models')
    .description('list the models of all wardens of this user')
    .option('--json', 'as JSON')
    .action(act((options) => models(options)));
  program
    .command('load')
    .description('load a model, and wait until it is ready')
    .argument('<model>')
    .option('-i, --instances <count>', 'how many servers of it there are to be')
    .option('--json', 'as JSON')
    .action(act((model: string, options) => load(model, options)));
  program
    .command('unload')
    .description('unload models, when they have answered what they were asked, and wait until their processes are gone')
    .argument('<models...>')
    .option('--now', 'break off what they are answering')
    .option('--json', 'as JSON')
    .action(act((names: string[], options) => unload(names, options)));
  program
    .command('chat')
    .description('ask a model, and print its answer as it comes')
    .argument('<model>')
    .argument('<prompt...>')
    .action(act((model: string, words: string[]) => chat(model, words.join(' '))));
  program
    .command('mcp')
    .description(
      'serve an agent by the Model Context Protocol: list, start, stop, restart, output, wait until ready, who listens on a port',
    )
    .option('--http', 'at a port of 127.0.0.1, with a token, instead of stdin and stdout; both are printed as a line of JSON')
    .option('-p, --port <number>', 'of --http; by default any that is free', '0')
    .addOption(new Option('--window <key>', 'act in the name of this window').hideHelp())
    .action(act((options) => mcp(options)));
  program
    .command('sweep')
    .description('end what was left behind when everything that guarded it was killed at once')
    .option('--json', 'as JSON')
    .action(act((options) => sweep(options)));
  program
    .command('doctor')
    .description('say what this machine can and cannot do for process trees, whether all is well, and what to do where it is not')
    .option('--json', 'as JSON')
    .action(act((options) => doctor(options)));
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

/** What a pipe has not taken yet would be lost with the process; whoever reads may be slow. */
function flush(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

void main().then(async (code) => {
  await Promise.all([process.stdout, process.stderr].map(flush));
  process.exit(code);
});
