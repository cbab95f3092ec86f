/**
 * What the documentation of process-compose (version 1.122) says of its examples, and what comes of them here: the YAML is imported by `tree-warden
 * import` and run. Each row is one of docs/process-compose.md, which has no others.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';

interface Row {
  readonly case: string;
  /** What the documentation says, in words of our own. */
  readonly theirs: string;
  /** What is written down here. */
  readonly ours: string;
  /** What was seen. */
  readonly seen: string;
  readonly check: (project: Project) => unknown;
}

class Project {
  readonly run: Run;
  readonly notes: string;
  /** What `up` has printed. */
  output = '';

  constructor(run: Run, yaml: string) {
    this.run = run;
    writeFileSync(join(run.workFolder, 'process-compose.yaml'), yaml);
    const { code, stderr } = run.call(['import', 'process-compose.yaml']);
    assert.equal(code, 0, stderr);
    this.notes = stderr;
  }

  /** Lines of a file that processes of the project write to. */
  lines(name: string): string[] {
    const path = join(this.run.workFolder, name);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  }

  /** Waits until a file has these lines, in this order. */
  async shows(name: string, ...lines: string[]): Promise<void> {
    await eventually(`${name} has ${lines.length} lines`, () => this.lines(name).length >= lines.length);
    assert.deepEqual(this.lines(name).slice(0, lines.length), lines);
  }

  write(name: string, text: string): void {
    mkdirSync(join(this.run.workFolder, name, '..'), { recursive: true });
    writeFileSync(join(this.run.workFolder, name), text);
  }

  async isIn(name: string, state: string): Promise<void> {
    await eventually(`${name} is ${state}`, () => this.state(name) === state);
  }

  state(name: string): string | undefined {
    return this.run.ps().find((tree) => tree.name === name)?.state;
  }

  isRunning(name: string): boolean {
    return this.run.ps().some((tree) => tree.name === name && tree.state === 'ready');
  }

  /** The import has said that this key means something else here, or nothing. */
  differs(key: string): void {
    assert.ok(this.notes.includes(`differs here: ${key}`), `${key} is not named in:\n${this.notes}`);
  }
}

const files = {
  '.env': "FROM_DOTENV='1.2.3'\nFOLDER=in\nPAUSE=1\nDB_PASSWORD=very-strong-1\n",
  'process-compose.override.yml': 'processes: { layered: { environment: ["OVER=over"] } }\n',
  'base.yaml': 'processes: { layered: { command: "echo $$BELOW $$ABOVE $$OVER > layered", environment: ["BELOW=below", "ABOVE=base"] } }\n',
  'in/own.env': 'OWN=file\nGLOBAL=file\n',
  'src/main.txt': '',
  'src/main_test.txt': '',
};

const yaml = readFileSync(new URL('../fixtures/processCompose/process-compose.yaml', import.meta.url), 'utf8');

/** In the order of the documentation: lifetimes, health, configuration, schedules, watched files. */
const rows: readonly Row[] = [
  {
    case: 'two processes',
    theirs: 'start at the same time',
    ours: 'the same',
    seen: 'both began before one ended',
    check: (project) => project.shows('both', 'both', 'both', 'done', 'done'),
  },
  {
    case: '`process_completed_successfully`',
    theirs: 'starts when the other has ended with 0; otherwise it is skipped',
    ours: '`"succeeded"`',
    seen: 'a chain of three in order; not started behind exit code 3',
    check: async (project) => {
      await project.shows('serial', 'first', 'second', 'third');
      await project.shows('ended', 'fails', 'anyway');
      assert.deepEqual(project.lines('ended'), ['fails', 'anyway']);
    },
  },
  {
    case: '`process_completed`',
    theirs: 'any exit code will do',
    ours: '`"ended"`',
    seen: 'started behind exit code 3',
    check: (project) => project.shows('ended', 'fails', 'anyway'),
  },
  {
    case: '`process_healthy`',
    theirs: 'waits for the readiness probe',
    ours: '`"ready"`',
    seen: 'started when the server had opened',
    check: (project) => project.shows('healthy', 'open', 'user'),
  },
  {
    case: '`process_started`, or no condition',
    theirs: 'waits until the other one has started',
    ours: '`"started"`',
    seen: 'started, and the other one runs',
    check: async (project) => {
      await project.shows('started', 'early');
      assert.equal(project.state('late'), 'ready');
    },
  },
  {
    case: '`process_log_ready` with `ready_log_line`',
    theirs: 'waits for a line of output that matches',
    ours: '`"ready"`, with `"ready": { "log": … }`',
    seen: 'started after the line',
    check: (project) => project.shows('log', 'ready', 'world'),
  },
  {
    case: '`replicas`',
    theirs: 'several of one process; `PC_REPLICA_NUM` counts from 0',
    ours: '`instances`; `${instance}` and `PC_REPLICA_NUM` count **from 1**, which the import says',
    seen: 'instances 1 and 2',
    check: async (project) => {
      await eventually('both run', () => project.lines('pool').length === 2);
      assert.deepEqual(project.lines('pool').sort(), ['pool 1 1', 'pool 2 2']);
      project.differs('processes.pool.PC_REPLICA_NUM');
    },
  },
  {
    case: 'a dependency on replicas',
    theirs: 'on all of them, or on one as `pool-0`',
    ours: 'on all of them; one that is on a single instance is named at the import',
    seen: 'started when both ran',
    check: async (project) => {
      await project.shows('producer', 'producer');
      project.differs('processes.producer.depends_on.pool-0');
    },
  },
  {
    case: '`working_dir`',
    theirs: 'where the command runs, and its probes',
    ours: '`cwd`',
    seen: 'a file was written beside it',
    check: (project) => project.shows('own', 'file|file|1.2.3'),
  },
  {
    case: '`shutdown.signal`',
    theirs: 'is sent to the process group',
    ours: '`"stop": ["SIGINT", …]`, to the whole tree',
    seen: 'its handler ran',
    check: async (project) => {
      await project.shows('polite.up', 'up');
      assert.equal(project.run.call(['kill', 'polite']).code, 0);
      await project.shows('polite', 'INT');
    },
  },
  {
    case: '`shutdown.timeout_seconds`',
    theirs: 'SIGKILL after that time',
    ours: '`"stop": ["SIGTERM", "1s", "SIGKILL"]`',
    seen: 'gone after one second, though it ignores SIGTERM',
    check: async (project) => {
      await project.shows('deaf.up', 'up');
      const begun = performance.now();
      assert.equal(project.run.call(['kill', 'deaf']).code, 0);
      assert.ok(performance.now() - begun > 900);
      assert.ok(!project.isRunning('deaf'));
    },
  },
  {
    case: '`shutdown.command`',
    theirs: 'is run instead of a signal, in the environment of the process; SIGKILL after the time',
    ours: '`"stop": [{ "run": … }, "60s", "SIGKILL"]`',
    seen: 'ran, with a variable of the process, and the process ended by it',
    check: async (project) => {
      await project.shows('told.up', 'up');
      assert.equal(project.run.call(['kill', 'told']).code, 0);
      await project.shows('told', 'command of one', 'asked');
    },
  },
  {
    case: '`shutdown.send_keys`, `.parent_only`',
    theirs: 'keys instead of a signal; the first process alone',
    ours: '**not taken over**, named at the import: SIGTERM to the whole tree',
    seen: 'named',
    check: (project) => {
      for (const key of ['send_keys', 'parent_only']) project.differs(`processes.keys.shutdown.${key}`);
    },
  },
  {
    case: '`success_exit_codes`',
    theirs: 'count like 0, for dependencies too; a process that ended by a signal has 128+N',
    ours: '`successExitCodes`, with 0 in it; a signal is never a success, which the import says',
    seen: 'what waits for a success started behind exit code 130',
    check: async (project) => {
      await project.shows('fine', 'after');
      project.differs('processes.fine.success_exit_codes');
    },
  },
  {
    case: '`is_daemon`',
    theirs: 'counts as running when its first process has ended; only `shutdown.command` can stop it',
    ours: '`"whenLeaderExits": "keep"`; a stop finds what it has left in the background, also without a command',
    seen: 'ran on, heard SIGTERM at the stop, and nothing was left',
    check: async (project) => {
      await project.shows('daemon', 'up');
      await eventually('its first process has ended', () =>
        project.run.ps().some(({ name, state }) => name === 'daemon' && state === 'exited'),
      );
      assert.equal(project.run.call(['kill', 'daemon']).code, 0);
      await project.shows('daemon', 'up', 'stopped');
    },
  },
  {
    case: '`disabled`',
    theirs: 'is listed and not started; can be started by its name',
    ours: '`"profiles": ["disabled"]`: `tree-warden up off` starts it',
    seen: 'not started with all others, started by its name',
    check: async (project) => {
      assert.deepEqual(project.lines('off'), []);
      assert.equal(project.run.call(['up', 'off']).code, 0);
      await project.shows('off', 'off');
    },
  },
  {
    case: '`is_disabled: "false"`',
    theirs: 'has the last word over `disabled`',
    ours: 'the same at the import',
    seen: 'started',
    check: (project) => project.shows('on', 'on'),
  },
  {
    case: '`restart: on_failure`, `backoff_seconds`, `max_restarts`',
    theirs: 'starts again after a failure, at most so often, with the same pause each time',
    ours: '`restart` with `delay` and `maxDelay` alike',
    seen: 'three starts, and no more',
    check: async (project) => {
      await project.shows('again', 'again', 'again', 'again');
      await eventually('it is given up', () => /'again' exited with code 4, and will not be restarted/.test(project.output));
      assert.equal(project.lines('again').length, 3);
    },
  },
  {
    case: '`restart: always`, without a limit',
    theirs: 'starts again also after a success, for ever',
    ours: '`"when": "always"` with `"maxRestarts": 10000` in ten minutes, which a pause of one second never reaches',
    seen: 'started three times',
    check: (project) => project.shows('always', 'always', 'always', 'always'),
  },
  {
    case: 'no `restart`',
    theirs: 'stays ended',
    ours: 'the same',
    seen: 'one start, while another one had three',
    check: async (project) => {
      await project.shows('never', 'never');
      await project.shows('always', 'always', 'always', 'always');
      assert.deepEqual(project.lines('never'), ['never']);
    },
  },
  {
    case: '`readiness_probe` with `exec`',
    theirs: 'healthy when the command exits with 0',
    ours: '`"ready": { "exec": … }`',
    seen: 'ready when its file was there',
    check: (project) => project.isIn('server', 'ready'),
  },
  {
    case: '`readiness_probe` with `http_get`',
    theirs: 'healthy at status 200, or the `status_code`',
    ours: '`"ready": { "http": … }`; any status **from 200 to 399**; `headers` and `status_code` are named at the import',
    seen: 'ready when it answered',
    check: async (project) => {
      await project.isIn('web', 'ready');
      project.differs('processes.web.readiness_probe.http_get.headers');
      project.differs('processes.web.readiness_probe.http_get.status_code');
    },
  },
  {
    case: 'a readiness probe that fails for good',
    theirs: 'the process is ended, and `availability` decides',
    ours: '`ready` with a `deadline`, and the same probe as `alive`',
    seen: 'ended and started again',
    check: (project) => project.shows('unwell', 'unwell', 'unwell'),
  },
  {
    case: '`liveness_probe` of a daemon',
    theirs: 'one that fails has stopped, and `availability` decides',
    ours: '`alive`; of what is no daemon, it is named at the import, since it does nothing there',
    seen: 'ended and started again',
    check: async (project) => {
      await project.shows('sick', 'sick', 'sick');
      project.differs('processes.hale.liveness_probe');
    },
  },
  {
    case: '`environment`, of all and of one',
    theirs: 'that of one is above that of all',
    ours: '`env`, beside the processes and in one',
    seen: 'both were set',
    check: (project) => project.shows('env', 'of all|of one|1.2.3|v1.2.3|1.2.3'),
  },
  {
    case: '`.env`',
    theirs: 'is read where it exists, for the environment and for `${NAME}` in the file',
    ours: '`"envFile": ".env"`. In commands, the shell has the value; elsewhere, that of the import is written down (a secret is not), and the import says so',
    seen: 'both were set',
    check: async (project) => {
      await project.shows('env', 'of all|of one|1.2.3|v1.2.3|1.2.3');
      project.differs('processes.environment.environment.COPY: the value that .env has of $FROM_DOTENV');
      project.differs('processes.environment.environment.SECRET: $DB_PASSWORD of .env is a secret');
      assert.doesNotMatch(readFileSync(join(project.run.workFolder, '.vscode', 'processes.json'), 'utf8'), /very-strong/);
    },
  },
  {
    case: '`env_file`',
    theirs: 'is above the environment of all, below that of the process; relative to `working_dir`',
    ours: '`envFile`',
    seen: 'its value counted',
    check: (project) => project.shows('own', 'file|file|1.2.3'),
  },
  {
    case: '`is_dotenv_disabled`',
    theirs: '`.env` is not for this process',
    ours: '`envFile` of each of the others',
    seen: 'not set',
    check: (project) => project.shows('without', '[]'),
  },
  {
    case: '`$$NAME`, `disable_env_expansion`',
    theirs:
      'left to the shell; `$NAME` without it is filled in before the process has an environment, so its own `environment` is not seen',
    ours: '`$NAME` in a command is **always** left to the shell, also between single quotes, so its own `env` is seen',
    seen: '`$$LOCAL` had the value of the process',
    check: (project) => project.shows('env', 'of all|of one|1.2.3|v1.2.3|1.2.3'),
  },
  {
    case: '`env_cmds`',
    theirs: 'a variable is what a command prints when the project is loaded',
    ours: 'in front of the commands that name the variable: what it prints when they start',
    seen: 'printed',
    check: (project) => project.shows('commands', '42'),
  },
  {
    case: '`vars`, templates, `is_template_disabled`',
    theirs: 'templates of Go; variables of one process are above those of all',
    ours: 'filled in at the import: variables, texts, `if`, `else`, `and`, `or`, `not`, `eq`. More than that is named',
    seen: 'each of them, and a range named',
    check: async (project) => {
      await project.shows('templates', 'hi 7 on not both other {{ .X }}');
      await project.shows('plain', '{{.WORD}}');
      project.differs('processes.ranged.command: its template cannot be filled in');
    },
  },
  {
    case: '`command` of several lines, `entrypoint`, bash',
    theirs: 'lines as YAML has them; words without a shell; the shell is bash',
    ours: 'the same; a line that another shell might not understand is `["bash", "-c", …]`',
    seen: 'each ran',
    check: async (project) => {
      await project.shows('folded', '1', '2', '3');
      await project.shows('words', 'two words');
      await project.shows('bashed', 'bash');
    },
  },
  {
    case: '`extends` of a process',
    theirs: 'takes what it has not itself; environments are merged',
    ours: 'filled in at the import',
    seen: 'its own value, and that of the other one',
    check: async (project) => {
      await eventually('both have run', () => project.lines('extended').length === 2);
      assert.deepEqual(project.lines('extended').sort(), ['base 1', 'derived 1']);
    },
  },
  {
    case: '`extends` of a file, and `process-compose.override.yml`',
    theirs: 'merged: single values replace, environments are merged by name',
    ours: 'filled in at the import; a file that cannot be read is named',
    seen: 'the command of the file below, the environment of both, and of the one above',
    check: (project) => project.shows('layered', 'below above over'),
  },
  {
    case: '`namespace`',
    theirs: 'groups processes; several are possible; `-n` starts those of one',
    ours: '`group`, the first one; **others are named** at the import, and `up` takes names of processes',
    seen: 'the group of the row',
    check: (project) => {
      const { stdout } = project.run.call(['config', 'grouped', '--json']);
      assert.match(stdout, /"key": "group",\s+"value": "debug"/);
      project.differs('processes.both.namespace');
    },
  },
  {
    case: '`is_tty`, `is_interactive`',
    theirs: 'a terminal for the process; without it, pipes',
    ours: 'in VS Code, every process has a terminal (`"pty": false` for pipes); `tree-warden up` gives **pipes**. Named at the import',
    seen: 'named',
    check: (project) => project.differs('processes.tty.is_tty'),
  },
  {
    case: '`is_elevated`, `is_foreground`, `launch_timeout_seconds`, `disable_ansi_colors`, `log_location`',
    theirs: 'sudo; the terminal of process-compose; colors; a log file of its own',
    ours: '**not taken over**, named at the import',
    seen: 'named',
    check: (project) => {
      for (const key of ['is_elevated', 'is_foreground', 'launch_timeout_seconds', 'disable_ansi_colors', 'log_location'])
        project.differs(`processes.root.${key}`);
      project.differs('log_location');
    },
  },
  {
    case: '`log_configuration.rotation`',
    theirs: 'size, number and age of logs',
    ours: '`log`: `maxSize` and `maxFiles`; the rest is named at the import',
    seen: 'both taken, the others named',
    check: (project) => {
      const { stdout } = project.run.call(['config', 'rotated']);
      assert.match(stdout, /"maxSize": "2m"/);
      project.differs('processes.rotated.log_configuration.rotation.compress');
    },
  },
  {
    case: 'an unknown key',
    theirs: 'an error with `is_strict`, else ignored',
    ours: 'always named at the import',
    seen: 'named',
    check: (project) => {
      project.differs('processes.typo.comand: it is not known here');
      project.differs('processes.typo: it is left out');
    },
  },
  {
    case: '`schedule` with `interval` or `cron`',
    theirs: 'waits for its first time, then runs each time; a time during a run is skipped',
    ours: '`schedule`, where a pattern says it',
    seen: 'three runs',
    check: (project) => project.shows('each', 'each', 'each', 'each'),
  },
  {
    case: '`interval: 7m`, `run_on_start`, `max_concurrent`',
    theirs: 'any interval; a run at the start; several runs at once',
    ours: '**not taken over**, named at the import; a process whose times no pattern says is started by its name only',
    seen: 'named, and not started',
    check: (project) => {
      for (const key of ['schedule', 'schedule.run_on_start', 'schedule.max_concurrent']) project.differs(`processes.odd.${key}`);
      assert.ok(!project.isRunning('odd'));
    },
  },
  {
    case: '`watch` with `exclude` and the default excludes',
    theirs: 'a change of a file restarts the process, but for what is excluded',
    ours: '`watch`, with globs of its own for the default excludes',
    seen: 'one restart, for the file that is not excluded',
    check: async (project) => {
      await project.shows('watching', 'watching');
      project.write('src/main_test.txt', 'a change');
      project.write('src/build/main.txt', 'a change');
      project.write('src/main.txt', 'a change');
      await project.shows('watching', 'watching', 'watching');
      assert.equal(project.lines('watching').length, 2);
    },
  },
  {
    case: '`watch.cascade`',
    theirs: 'what depends on it is restarted behind it',
    ours: '`"dependents": true`',
    seen: 'restarted',
    check: (project) => project.shows('dependent', 'dependent', 'dependent'),
  },
];

/** Of these, each is a project of its own. */
const projects: readonly (Row & { readonly yaml: string })[] = [
  {
    case: '`up NAME`',
    theirs: 'starts it with what it depends on, and no others; `--no-deps` without',
    ours: '`tree-warden up NAME`; there is no `--no-deps`',
    seen: 'two of three ran, in order',
    yaml: `
processes:
  one: { command: "echo one >> ran", depends_on: { two: { condition: process_completed_successfully } } }
  two: { command: "echo two >> ran" }
  three: { command: "echo three >> ran" }`,
    check: (project) => {
      assert.equal(project.run.call(['up', 'one']).code, 0);
      assert.deepEqual(project.lines('ran'), ['two', 'one']);
    },
  },
  {
    case: '`exit_on_end`',
    theirs: 'when it ends, all others are stopped, and its exit code is that of the project',
    ours: '`tree-warden up --until tests`, which the import names',
    seen: 'exit status 7, and nothing was left',
    yaml: `
processes:
  tests: { command: "echo tests >> ran; exit 7", availability: { exit_on_end: true }, depends_on: { db: { condition: process_healthy } } }
  db:
    command: "touch up; exec sleep 1000"
    readiness_probe: { exec: { command: "test -e up" }, period_seconds: 1, timeout_seconds: 20, failure_threshold: 60 }`,
    check: (project) => {
      project.differs('processes.tests.availability.exit_on_end: here the command line says so: tree-warden up --until tests');
      assert.equal(project.run.call(['up', '--until', 'tests']).code, 7);
      assert.deepEqual(project.run.ps(), []);
    },
  },
  {
    case: '`restart: exit_on_failure`, `exit_on_skipped`',
    theirs: 'the project ends with the exit code of what has failed, or with 1',
    ours: '`tree-warden up --until work`: the status is **126** where what it needs has failed',
    seen: 'exit status 126 with the reason, and nothing was left',
    yaml: `
processes:
  check: { command: "exit 3", availability: { restart: exit_on_failure } }
  work:
    command: "echo work >> ran"
    availability: { exit_on_skipped: true }
    depends_on: { check: { condition: process_completed_successfully }, other: {} }
  other: { command: "exec sleep 1000" }`,
    check: (project) => {
      project.differs('processes.check.availability.restart: exit_on_failure');
      project.differs('processes.work.availability.exit_on_skipped');
      const { code, stderr } = project.run.call(['up', '--until', 'work']);
      assert.equal(code, 126);
      assert.match(stderr, /it needs 'check' \(exited with code 3\)/);
      assert.deepEqual([project.run.ps(), project.lines('ran')], [[], []]);
    },
  },
  {
    case: '`ordered_shutdown`',
    theirs: 'stops in the reverse order of dependencies, if the file says so',
    ours: 'always so',
    seen: 'the one that needs the other ended first',
    yaml: `
processes:
  above: { command: "trap 'sleep 0.2; echo above >> ends; exit' TERM; touch a; while :; do sleep 0.05; done", depends_on: { below: {} } }
  below: { command: "trap 'echo below >> ends; exit' TERM; touch b; while :; do sleep 0.05; done" }`,
    check: async (project) => {
      const up = project.run.start(['up']);
      await eventually('both run', () => ['a', 'b'].every((name) => existsSync(join(project.run.workFolder, name))));
      up.kill('SIGTERM');
      await exitOf(up);
      assert.deepEqual(project.lines('ends'), ['above', 'below']);
    },
  },
  {
    case: '`shell`',
    theirs: 'the program that reads commands',
    ours: 'in front of each command',
    seen: 'Python ran it',
    yaml: `
shell: { shell_command: python3, shell_argument: "-c" }
processes:
  one: { command: "print(6 * 7, file=open('ran', 'w'))" }`,
    check: (project) => {
      assert.equal(project.run.call(['up']).code, 0);
      assert.deepEqual(project.lines('ran'), ['42']);
    },
  },
];

describe('the examples of the documentation of process-compose', () => {
  it('behave as it says, or are told by name', async (context) => {
    await using run = new Run({ WEB_PORT: String(await new NamedPorts().portFor('web')) });
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(run.workFolder, name, '..'), { recursive: true });
      writeFileSync(join(run.workFolder, name), text);
    }
    const project = new Project(run, yaml);
    const up = run.start(['up']);
    for (const stream of [up.stdout, up.stderr])
      stream?.on('data', (chunk: Buffer) => {
        project.output += chunk.toString();
      });
    for (const row of rows)
      await context.test(row.case, async () => {
        await row.check(project);
      });
    up.kill('SIGTERM');
    await exitOf(up);
    assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
  });

  for (const row of projects)
    it(row.case, async () => {
      await using run = new Run();
      await row.check(new Project(run, row.yaml));
      assert.deepEqual(await survivorsAfterLooking(run.workFolder), []);
    });

  it('are the table of the documentation', () => {
    const text = readFileSync(new URL('../../docs/process-compose.md', import.meta.url), 'utf8');
    const table = [...rows, ...projects].map(({ case: what, theirs, ours, seen }) => `| ${[what, theirs, ours, seen].join(' | ')} |`);
    assert.deepEqual(
      text
        .split('\n')
        .filter((line) => line.startsWith('| '))
        .slice(2),
      table,
    );
  });
});
