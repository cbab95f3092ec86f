/** The commands of the command line, and their help. */
import { Argument, Command, Option } from 'commander';
import { logLevels } from '../client/logs/logLevel.ts';
import { maxRuns } from '../protocol/runs.ts';
import { version } from '../protocol/version.ts';
import { visible } from '../protocol/visible.ts';
import { CompletedArgument, CompletedOption } from './completion/completed.ts';
import { completionHelp, type Shell, shells } from './completion/scripts.ts';
import type { DownOptions } from './down.ts';
import type { EventsOptions } from './events.ts';
import { exitCodeHelp } from './exitCodes.ts';
import type { GraphOptions } from './graph.ts';
import type { ImportOptions } from './importFrom.ts';
import type { JobOptions } from './job.ts';
import type { JobsOptions } from './jobs.ts';
import type { LeftBehindOptions } from './leftBehind.ts';
import type { LogsOptions } from './logs.ts';
import { type Act, addModelCommands } from './modelCommands.ts';
import type { ProfileOptions } from './profile.ts';
import type { RunOptions } from './run.ts';
import type { RunsOptions } from './runs.ts';
import type { SendKeysOptions } from './sendKeys.ts';
import { several } from './several.ts';
import { stdoutFailure } from './stdout.ts';
import type { UpOptions } from './upOptions.ts';
import type { WaitOptions } from './waitFor.ts';

/** The commands with their options; `finish` is given the exit status of the one that has run. */
export function buildProgram(finish: (code: number) => void): Command {
  const act: Act =
    (work) =>
    async (...args) =>
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
    .addOption(
      new CompletedOption(
        'running',
        '--join <tree>',
        'start it into the containment of a running tree: it counts toward the limits of that, and ends with it',
      ),
    )
    .option('--isolate', 'run it isolated by bubblewrap (Linux): it can write nothing, has no network, and reaches no other process')
    .addOption(
      new CompletedOption('files', '--allow-write <folder>', 'with --isolate: let it write to this folder; repeatable').argParser(several),
    )
    .option('--allow-network', 'with --isolate: let it use the network')
    .option('--allow-secrets', 'with --isolate: let it read ~/.ssh, ~/.aws and other places of keys and tokens')
    .option('--shared-tmp', 'with --isolate: let it use the /tmp of the machine instead of one of its own')
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
    .option('--success-exit-codes <codes>', 'exit codes that count as success, for which the exit status is 0: 0,3')
    .addOption(
      new Option('--when-leader-exits <policy>', 'what happens to processes that outlive the command')
        .choices(['kill', 'keep'])
        .default('kill'),
    )
    .addArgument(new CompletedArgument('files', '<command...>'))
    .passThroughOptions()
    .action(act(async (argv: string[], options: RunOptions) => (await import('./run.ts')).run(argv as [string, ...string[]], options)));
  program
    .command('up')
    .description('start the processes that .vscode/processes.json declares, with prefixed output, and run until all have ended')
    .addArgument(
      new CompletedArgument(
        'declared',
        '[names...]',
        'names to start, with what they depend on; by default all that have no profile, or an active one',
      ),
    )
    .addOption(
      new CompletedOption(
        'declared',
        '--until <name>',
        'start only this one and what it depends on (and the named ones); when it has ended, stop the others in reverse order of dependencies, and exit with its status',
      ),
    )
    .addOption(
      new CompletedOption(
        'profiles',
        '--profile <name>',
        'also start the processes of this profile, with the named ones or with all others; repeatable',
      ).argParser(several),
    )
    .option('--no-follow', 'do not read the files again when they change')
    .option('--apply-changes', 'when the files change, also restart what has changed, and stop what is no longer declared')
    .option('-d, --detach', 'start them in the background, wait until each is ready or has succeeded, print a table and return')
    .option('--timeout <duration>', 'with --detach: time to wait; 0s waits without a limit (default: 5m)')
    .option('--json', 'with --detach: print JSON')
    .addHelpText(
      'after',
      `
TREE_WARDEN_PROFILES has further profiles, separated by commas, for a start without names.
TREE_WARDEN_INPUT_ID answers the question of an input, TREE_WARDEN_SECRET_NAME is the value of a secret. What is
missing is asked on the terminal; without one, the default of an input counts.`,
    )
    // It ends its processes itself when stdout takes nothing any more.
    .action(async (names: string[], options: UpOptions) => finish(await (await import('./upOptions.ts')).upWith(names, options)));
  program
    .command('job')
    .description('run the command of a pool of jobs with these arguments in its turn, print its output, and pass on its exit status')
    .usage('[options] POOL [--] [ARG…]')
    .option('-d, --detach', 'queue it, print its name and return; it goes on without this terminal')
    .addArgument(new CompletedArgument('jobs', '<pool>', 'process that .vscode/processes.json declares with "jobs"'))
    .addArgument(new CompletedArgument('files', '[args...]', 'arguments behind those of the declared command'))
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Jobs of a pool run in the order in which they came, so many at a time; the others wait in a queue. The job ends with
this command: Ctrl-C takes it out of the queue, or stops what it runs; a second one kills.`,
    )
    .action(act(async (pool: string, args: string[], options: JobOptions) => (await import('./job.ts')).job(pool, args, options)));
  program
    .command('jobs')
    .description('list the jobs of the pools of this folder: those that run, that wait, and that have ended, with their results')
    .addArgument(new CompletedArgument('jobs', '[pool]', 'name of the pool; all by default'))
    .option('-c, --cancel <job>', 'cancel this job: take it out of the queue, or stop what it runs; repeatable', several)
    .option('--now', 'with --cancel: send SIGKILL immediately')
    .option('--clear', 'cancel all jobs of the pool that wait; those that run go on')
    .option('--requeue', 'queue those again that waited when the background process was killed')
    .option('-n, --number <count>', `how many of those that have ended, up to ${maxRuns}`, '20')
    .option('--json', 'print JSON')
    .action(act(async (pool: string | undefined, options: JobsOptions) => (await import('./jobs.ts')).jobs(pool, options)));
  program
    .command('config')
    .description(
      'print what the declared processes and models resolve to, and the file and line that each value comes from; what looks like a secret is masked',
    )
    .addArgument(new CompletedArgument('declared', '[names...]', 'names to print; all by default'))
    .option('--json', 'print JSON, with all values as they are written')
    .action(act(async (names: string[], options) => (await import('./config.ts')).config(names, options)));
  program
    .command('import')
    .description(
      'write .vscode/processes.json from the processes of another file: process-compose.yaml, Procfile, package.json, compose.yaml, tasks.json, …; what cannot be taken over is named on stderr',
    )
    .addArgument(new CompletedArgument('files', '<file>', 'the file; processes.json is written to .vscode in its folder'))
    .option('-p, --print', 'print it, and write nothing')
    .action(act(async (file: string, options: ImportOptions) => (await import('./importFrom.ts')).importFrom(file, options)));
  program
    .command('down')
    .description(
      "stop what up --detach has started in this folder, and the folder's detached processes, in reverse order of dependencies, and verify that nothing is left",
    )
    .addArgument(new CompletedArgument('declared', '[names...]', 'names to stop; all by default'))
    .option('--now', 'send SIGKILL immediately')
    .option('--json', 'print JSON')
    .action(act(async (names: string[], options: DownOptions) => (await import('./down.ts')).down(names, options)));
  program
    .command('wait')
    .description('wait until processes are ready, have succeeded or have ended, also of those that are started later; say so, or why not')
    .addArgument(new CompletedArgument('processes', '<names...>', 'name, id, or pid of any member'))
    .addOption(new Option('-u, --until <state>', 'what to wait for').choices(['ready', 'succeeded', 'ended']).default('ready'))
    .option('--timeout <duration>', 'time to wait; 0s waits without a limit', '5m')
    .option('--json', 'print JSON')
    .action(act(async (names: string[], options: WaitOptions) => (await import('./waitFor.ts')).waitFor(names, options)));
  program
    .command('is-ready')
    .description('exit with 0 where a process is ready, 1 where it is not, and 2 where it does not run; the reason is on stderr')
    .addArgument(new CompletedArgument('processes', '<name>', 'name, id, or pid of any member'))
    .action(act(async (name: string) => (await import('./isReady.ts')).isReadyNow(name)));
  program
    .command('ps')
    .description('list your process trees, in all windows and terminals')
    .option('--json', 'print JSON')
    .option('-a, --all', 'include trees that have ended')
    .option('--summary', 'print totals only')
    .action(act(async (options) => (await import('./ps.ts')).ps(options)));
  program
    .command('top')
    .description('list your process trees on the whole screen, with figures and output; select, start, stop and restart them by keys')
    .action(act(async () => (await import('./top.ts')).top()));
  program
    .command('graph')
    .description('print what the processes of .vscode/processes.json depend on, and what their last start had to wait for')
    .addArgument(new CompletedArgument('declared', '[names...]', 'names to show with what they depend on; all by default'))
    .option('--json', 'print JSON')
    .option('--mermaid', 'print a Mermaid flowchart for Markdown')
    .action(act(async (names: string[], options: GraphOptions) => (await import('./graph.ts')).graph(names, options)));
  program
    .command('kill')
    .alias('stop')
    .description('stop trees, each with its own stop sequence')
    .addArgument(new CompletedArgument('running', '[trees...]', 'name, id, or pid of any member'))
    .option('-a, --all', 'all your trees, in all windows and terminals')
    .option(
      '-p, --port <number>',
      'stop the tree or process that listens on this port; asks first for a process that Tree Warden did not start',
    )
    .option('-y, --yes', 'skip the confirmation')
    .option('--now', 'send SIGKILL immediately')
    .option('--json', 'print JSON')
    .action(act(async (names: string[], options) => (await import('./control.ts')).kill(names, options)));
  program
    .command('restart')
    .description('stop trees, wait until they have ended, and start them again; the instances of a pool one after the other')
    .addArgument(new CompletedArgument('running', '<trees...>', 'name, id, or pid of any member'))
    .option('--json', 'print JSON')
    .action(act(async (names: string[], options) => (await import('./control.ts')).restart(names, options)));
  program
    .command('scale')
    .description('change the number of instances of a declared process that runs, until a file declares another one')
    .addArgument(new CompletedArgument('running', '<name>'))
    .argument('<count>', 'number of instances, from 1')
    .option('--json', 'print JSON')
    .action(act(async (name: string, count: string, options) => (await import('./scale.ts')).scale(name, count, options)));
  program
    .command('logs')
    .description('print the output of trees, in the order in which it was printed')
    .addArgument(new CompletedArgument('running', '[trees...]', 'names, ids, or pids of any member; all that run by default'))
    .option('-f, --follow', 'keep printing new output')
    .option('-t, --timestamps', 'print the time of each line')
    .option(
      '--since <when>',
      'only lines since then: a duration such as 10m, or a moment such as 2026-01-31T12:00:00Z; earlier runs count, too',
    )
    .option('--until <when>', 'only lines until then')
    .option('-n, --lines <count>', 'only the last lines, of all trees together')
    .option('-g, --grep <pattern>', 'only lines that match this regular expression of JavaScript')
    .option('-i, --ignore-case', 'the pattern matches in either case')
    .addOption(new Option('--level <level>', 'only lines of this level or above, as far as they state one').choices(logLevels))
    .option('--json', 'print a line of JSON for each line')
    .action(act(async (trees: string[], options: LogsOptions) => (await import('./logs.ts')).logs(trees, options)));
  program
    .command('send-keys')
    .description('type text and keys into the terminal of a tree, as tmux send-keys does, or text into the pipe that is its stdin')
    .addArgument(new CompletedArgument('running', '<tree>', 'name or id of one tree, or pid of a member'))
    .argument('<keys...>', 'text, or names of keys: Enter, Escape, Tab, Space, BSpace, Up, F1, C-c, M-x, S-Up')
    .option('-l, --literal', 'take everything as text, also what is the name of a key')
    .addHelpText('after', '\nNothing is added between or behind them: tree-warden send-keys shell "echo hello" Enter')
    .action(
      act(async (tree: string, keys: string[], options: SendKeysOptions) => (await import('./sendKeys.ts')).sendKeys(tree, keys, options)),
    );
  program
    .command('runs')
    .description('list the last runs of a process that .vscode/processes.json declares: when, how long, how each has ended, and why')
    .addArgument(new CompletedArgument('declared', '<name>', 'name of the process, or of one instance: api#2'))
    .option('-n, --number <count>', `how many, the newest first, up to ${maxRuns}`, '20')
    .option('--json', 'print JSON, with the last lines of output')
    .action(act(async (name: string, options: RunsOptions) => (await import('./runs.ts')).runs(name, options)));
  program
    .command('events')
    .description('list what has happened to processes: starts, readiness, ends with their reasons, restarts, limits')
    .addArgument(new CompletedArgument('processes', '[names...]', 'names of processes; all by default'))
    .option('-f, --follow', 'keep printing new events; without --since, only those')
    .option('--since <when>', 'a duration such as 10m, or a moment such as 2026-01-31T12:00:00Z (default: 1h)')
    .option('--json', 'print a line of JSON for each event')
    .action(act(async (names: string[], options: EventsOptions) => (await import('./events.ts')).events(names, options)));
  program
    .command('profile')
    .description('record the CPU profile of a Node.js process of a tree, or its heap snapshot, and print the name of the file')
    .addArgument(new CompletedArgument('running', '<tree>', 'name or id of a tree with one Node.js process, or pid of a member'))
    .option('--for <duration>', 'duration of the CPU profile; Ctrl-C ends it early (default: 10s)')
    .option('--heap', 'take a heap snapshot instead; the process stands still meanwhile')
    .addOption(new CompletedOption('files', '-o, --output <file>', 'new file to write (default: a name made of tree, pid and time)'))
    .action(act(async (tree: string, options: ProfileOptions) => (await import('./profile.ts')).profile(tree, options)));
  addModelCommands(program, act);
  program
    .command('mcp')
    .description(
      'run an MCP server for agents, with tools to list, start, stop and restart processes, read output, wait until ready, and find what listens on a port',
    )
    .option('--http', 'serve HTTP on 127.0.0.1 instead of stdio; prints address and token as one line of JSON')
    .option('-p, --port <number>', 'port for --http; 0 picks a free one (default: 0)')
    .addOption(new Option('--window <key>', 'act on behalf of this window').hideHelp())
    .action(act(async (options) => (await import('./mcp.ts')).mcp(options)));
  program
    .command('guard-mcp')
    .description(
      'guard the MCP servers in the files of other clients (VS Code, Claude, Cursor, Windsurf, Copilot): nothing of a server outlives its client; shows the change and asks first',
    )
    .addArgument(
      new CompletedArgument(
        'files',
        '[files...]',
        'files to change (default: the files of all known clients, of this folder and of yours)',
      ),
    )
    .option('--undo', 'restore the servers that it has guarded')
    .option('--dry-run', 'show the change, and write nothing')
    .option('-y, --yes', 'skip the confirmation')
    .action(act(async (files: string[], options) => (await import('./guardMcp.ts')).guardMcp(files, options)));
  program
    .command('sweep')
    .description('end processes that were left behind when all of Tree Warden was killed at once')
    .option('--json', 'print JSON')
    .action(act(async (options) => (await import('./control.ts')).sweep(options)));
  program
    .command('left-behind')
    .description('list processes in this folder, and in the worktrees of its repository, that belong to no window and no terminal any more')
    .addArgument(new CompletedArgument('files', '[folders...]', 'folders to look for; the current one by default'))
    .option('-p, --port <number>', 'include what holds this port, wherever it runs; repeatable', several)
    .option('-k, --kill', 'end them with all that they have started, after a confirmation')
    .option('-y, --yes', 'skip the confirmation')
    .option('--json', 'print JSON')
    .action(act(async (folders: string[], options: LeftBehindOptions) => (await import('./leftBehind.ts')).leftBehind(folders, options)));
  program
    .command('doctor')
    .description('check what this machine supports and whether everything works, with advice for each problem')
    .option('--json', 'print JSON')
    .action(act(async (options) => (await import('./doctor.ts')).doctor(options)));
  program
    .command('completion')
    .description('print the completion of commands, options and names for a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText('after', completionHelp)
    .action(act(async (shell: Shell) => (await import('./completion/completion.ts')).completion(shell)));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(act(async (words: string[]) => (await import('./completion/completion.ts')).complete(program, words)));
  for (const command of program.commands) command.showHelpAfterError(`(tree-warden ${command.name()} --help lists its options)`);
  return program;
}

/** What other programs of this kind call a command, and what it is called here. */
const otherwiseNamed: Readonly<Record<string, string>> = {
  start: 'tree-warden up NAME starts a declared process',
  list: 'tree-warden ps lists what runs',
  ls: 'tree-warden ps lists what runs',
  status: 'tree-warden ps lists what runs',
  exec: 'tree-warden run --join NAME -- COMMAND runs a command beside a process',
  attach: 'tree-warden top shows the output of a process and types into it; tree-warden logs -f NAME follows it',
  history: 'tree-warden runs NAME lists the last runs of a process',
  init: 'tree-warden import FILE writes .vscode/processes.json from package.json, a Procfile and others',
};

/** Commander's message is one sentence, sometimes with a suggestion below it; it may quote an argument with any characters. */
function visibleUsage(text: string): string {
  const [, unknown = ''] = text.match(/^error: unknown command '(\w+)'/) ?? [];
  const other = Object.hasOwn(otherwiseNamed, unknown) ? otherwiseNamed[unknown] : undefined;
  if (other !== undefined) return `error: unknown command '${unknown}'\n(${other})\n`;
  const lines = text.trimEnd().split(/\n(?=\(Did you mean )/);
  return `${lines.map(visible).join('\n')}\n`;
}
