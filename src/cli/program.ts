/** The commands of the command line, and their help. */
import { Command, Option } from 'commander';
import { version } from '../protocol/version.ts';
import { visible } from '../protocol/visible.ts';
import { chat } from './chat.ts';
import { kill, logs, restart, sweep } from './control.ts';
import { doctor } from './doctor.ts';
import { exitCodeHelp } from './exitCodes.ts';
import { gateway } from './gateway.ts';
import { mcp } from './mcp.ts';
import { load, models, unload } from './models.ts';
import { ps } from './ps.ts';
import { type RunOptions, run } from './run.ts';
import { stdoutFailure } from './stdout.ts';
import { up } from './up.ts';

/** The commands with their options; `finish` is given the exit status of the one that has run. */
export function buildProgram(finish: (code: number) => void): Command {
  const act =
    <Args extends unknown[]>(work: (...args: Args) => Promise<number>) =>
    async (...args: Args): Promise<void> =>
      finish(await Promise.race([work(...args), stdoutFailure()]));
  const program = new Command('tree-warden')
    .description('Runs processes and guarantees that nothing they start outlives a stop, its window, or a crash.')
    .version(version)
    .enablePositionalOptions()
    .configureOutput({ outputError: (text, write) => write(visibleUsage(text)) })
    .showHelpAfterError('(tree-warden --help lists all commands)')
    .addHelpText('after', exitCodeHelp)
    .exitOverride();
  program
    .command('run')
    .description('run a command in the foreground, pass on signals and its exit status, and leave no process behind')
    .usage('[options] [--] COMMAND [ARG…]')
    .option('-n, --name <name>', 'name to list it under (default: the name of the command)')
    .option('--or-similar', 'append a number to the name where another tree has it')
    .option('-g, --grace <duration>', 'time between SIGTERM and SIGKILL', '5s')
    .addOption(
      new Option('-c, --containment <means>', 'how its processes are tracked; tree-warden doctor lists what this machine supports')
        .choices(['auto', 'group', 'cgroup', 'namespace', 'job'])
        .default('auto'),
    )
    .option('-d, --detached', 'run in the background, independent of this terminal: print the id and return')
    .option('--end-with-parent', 'stop the command when the program that started tree-warden has ended')
    .option('--memory <size>', 'memory limit for the whole tree: 512m, 2g')
    .option('--processes <count>', 'maximum number of processes')
    .option('--cpu <cores>', 'CPU limit in cores: 1.5, 150%')
    .option('--time <duration>', 'time limit: 90s, 10m')
    .option('--open-files <count>', 'maximum number of open files per process')
    .addOption(
      new Option(
        '--on-limit <action>',
        'action when a limit is reached (default: kill for memory and processes, stop for time, warn for cpu)',
      ).choices(['warn', 'stop', 'kill']),
    )
    .option('--nice <level>', 'niceness, from 0 (default) to 19 (lowest priority)')
    .addOption(
      new Option('--when-leader-exits <policy>', 'what happens to processes that outlive the command')
        .choices(['kill', 'keep'])
        .default('kill'),
    )
    .argument('<command...>')
    .passThroughOptions()
    .action(act((argv: string[], options: RunOptions) => run(argv as [string, ...string[]], options)));
  program
    .command('up')
    .description('start the processes that .vscode/processes.json declares, with prefixed output, and run until all have ended')
    .argument('[names...]', 'names to start; all by default')
    // It ends its processes itself when stdout takes nothing any more.
    .action(async (names: string[]) => finish(await up(names)));
  program
    .command('ps')
    .description('list your process trees, in all windows and terminals')
    .option('--json', 'print JSON')
    .option('-a, --all', 'include trees that have ended')
    .option('--summary', 'print totals only')
    .action(act((options) => ps(options)));
  program
    .command('kill')
    .alias('stop')
    .description('stop trees, each with its own stop sequence')
    .argument('[trees...]', 'name, id, or pid of any member')
    .option('-a, --all', 'all your trees, in all windows and terminals')
    .option(
      '-p, --port <number>',
      'stop the tree or process that listens on this port; asks first for a process that Tree Warden did not start',
    )
    .option('-y, --yes', 'skip the confirmation')
    .option('--now', 'send SIGKILL immediately')
    .option('--json', 'print JSON')
    .action(act((names: string[], options) => kill(names, options)));
  program
    .command('restart')
    .description('stop trees, wait until they have ended, and start them again')
    .argument('<trees...>', 'name, id, or pid of any member')
    .option('--json', 'print JSON')
    .action(act((names: string[], options) => restart(names, options)));
  program
    .command('logs')
    .description('print the output of a tree')
    .argument('<tree>', 'name, id, or pid of any member')
    .option('-f, --follow', 'keep printing new output')
    .action(act((name: string, options) => logs(name, options)));
  program
    .command('gateway')
    .description('serve the models that .vscode/processes.json declares at one address, without an editor')
    .argument('[names...]', 'names to start; all by default')
    .option('-p, --port <number>', 'port on 127.0.0.1; 0 picks a free one', '0')
    .option('--json', 'print address and token as one line of JSON')
    .option(
      '--allow-origin <origin>',
      'allow web pages of this origin to call the models (CORS), for example app://obsidian.md; repeatable',
      several,
    )
    .addHelpText('after', '\nSet TREE_WARDEN_TOKEN to choose the token.')
    .action(act((names: string[], options) => gateway(names, options)));
  program
    .command('models')
    .description('list your models, in all windows and terminals')
    .option('--json', 'print JSON')
    .action(act((options) => models(options)));
  program
    .command('load')
    .description('load a model, and wait until it is ready')
    .argument('<model>')
    .option('-i, --instances <count>', 'number of servers')
    .option('--json', 'print JSON')
    .action(act((model: string, options) => load(model, options)));
  program
    .command('unload')
    .description('unload models after their current requests, and wait until their processes have ended')
    .argument('<models...>')
    .option('--now', 'cancel the current requests')
    .option('--json', 'print JSON')
    .action(act((names: string[], options) => unload(names, options)));
  program
    .command('chat')
    .description('send a prompt to a model and stream its answer')
    .argument('<model>')
    .argument('<prompt...>')
    .action(act((model: string, words: string[]) => chat(model, words.join(' '))));
  program
    .command('mcp')
    .description(
      'run an MCP server for agents, with tools to list, start, stop and restart processes, read output, wait until ready, and find what listens on a port',
    )
    .option('--http', 'serve HTTP on 127.0.0.1 instead of stdio; prints address and token as one line of JSON')
    .option('-p, --port <number>', 'port for --http; 0 picks a free one (default: 0)')
    .addOption(new Option('--window <key>', 'act on behalf of this window').hideHelp())
    .action(act((options) => mcp(options)));
  program
    .command('sweep')
    .description('end processes that were left behind when all of Tree Warden was killed at once')
    .option('--json', 'print JSON')
    .action(act((options) => sweep(options)));
  program
    .command('doctor')
    .description('check what this machine supports and whether everything works, with advice for each problem')
    .option('--json', 'print JSON')
    .action(act((options) => doctor(options)));
  for (const command of program.commands) command.showHelpAfterError(`(tree-warden ${command.name()} --help lists its options)`);
  return program;
}

/** Commander's message is one sentence, sometimes with a suggestion below it; it may quote an argument with any characters. */
function visibleUsage(text: string): string {
  const lines = text.trimEnd().split(/\n(?=\(Did you mean )/);
  return `${lines.map(visible).join('\n')}\n`;
}

/** Collects the values of an option that may be given several times. */
function several(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
