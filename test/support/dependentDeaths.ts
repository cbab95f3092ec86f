/** Ways in which the end of processes that depend on each other comes about, at every point at which something is in play. */
import assert from 'node:assert/strict';
import { killAtOnce } from './deaths.ts';
import { type Counts, type DependentProject, type Held, type Name, names } from './dependentProject.ts';
import { eventually, switchesOf } from './run.ts';
import { isAlive, type Survivor, survivorsAfterLooking, survivorsOf } from './survivors.ts';

interface Scene {
  readonly project: DependentProject;
  /** `tree-warden up`. */
  readonly owner: number;
  readonly warden: number;
}

export interface DependentDeath {
  readonly name: string;
  /** What is held up from the beginning. */
  readonly held?: readonly [Held, Name];
  /** Strikes when all is as it has to be for it. */
  strike(scene: Scene): Promise<void>;
  /** What may still be alive then ends at the next start. */
  readonly nextStart?: true;
  /** What is different from a command for each start, once, of these processes. */
  readonly instead?: Readonly<Partial<Record<Name, Partial<Counts>>>>;
}

const none: Counts = { starts: 0, begun: 0, done: 0, gone: 0 };
const everything: readonly Name[] = ['db', 'api', 'web', 'worker'];

/** When all run, nothing is held up. */
function whenAllRun(name: string, strike: (scene: Scene) => void | Promise<void>): DependentDeath {
  return {
    name,
    strike: async (scene) => {
      await areAllUp(scene);
      await strike(scene);
    },
  };
}

/** It is run again from its beginning, when it has been killed. */
const runAgain: Pick<DependentDeath, 'instead'> = { instead: { api: { begun: 2 } } };

/** In the middle of a stop: what needs `api` has ended, and what `api` needs waits for it. */
function inStop(
  name: string,
  strike: (scene: Scene, shell: number) => void | Promise<void>,
  more: Pick<DependentDeath, 'instead' | 'nextStart'> = {},
): DependentDeath {
  return {
    name: `${name}, in a stop`,
    held: ['stop', 'api'],
    ...more,
    strike: async (scene) => {
      await areAllUp(scene);
      const { project, owner } = scene;
      process.kill(owner, 'SIGTERM');
      const shell = await project.heldShell('begun', 'api');
      await eventually('the others that end with it have ended', () => !project.isOnRecord('web') && !project.isOnRecord('worker'));
      await strike(scene, shell);
      if (more.nextStart) project.run.start(['sweep']);
      if (more.instead === runAgain.instead) {
        await project.heldShell('begun', 'api', 2);
        assert.ok(!isAlive(shell), 'the first one has ended when the command is run again');
      } else await eventually('that command has ended', () => !isAlive(shell));
      project.letGo('stop', 'api');
    },
  };
}

async function areAllUp({ project }: Scene): Promise<void> {
  await project.areUp(...everything);
  await eventually('the migration is over', () => !project.isOnRecord('migrate'));
  await eventually('their members are up', () => survivorsOf(project.run.workFolder).length >= project.processes);
}

export const dependentDeaths: readonly DependentDeath[] = [
  whenAllRun('stop', ({ owner }) => void process.kill(owner, 'SIGTERM')),
  whenAllRun('terminal closed', ({ owner }) => void process.kill(owner, 'SIGHUP')),
  whenAllRun('SIGKILL of the owner', ({ owner }) => killAtOnce(owner)),
  whenAllRun('of the warden', ({ warden }) => killAtOnce(warden)),
  whenAllRun('of both', ({ owner, warden }) => killAtOnce(owner, warden)),
  whenAllRun('of the switch, then of both', async ({ owner, warden }) => {
    const [first = assert.fail('there is no switch')] = switchesOf(warden);
    killAtOnce(first);
    await eventually('another switch has taken over', () => switchesOf(warden).some((pid) => pid !== first));
    killAtOnce(owner, warden);
  }),
  { ...whenAllRun('of all three', ({ owner, warden }) => killAtOnce(owner, warden, ...switchesOf(warden))), nextStart: true },
  {
    name: 'of the shell of a command, before a start',
    held: ['before', 'api'],
    instead: { api: none, web: none },
    strike: async ({ project, owner }) => {
      await project.areUp('db', 'worker');
      killAtOnce(await project.heldShell('before', 'api'));
      await eventually('its start has failed', () => !project.isOnRecord('api'));
      process.kill(owner, 'SIGTERM');
    },
  },
  {
    name: 'of the shell of a command, when it is ready',
    held: ['ready', 'api'],
    strike: async ({ project, owner }) => {
      await project.areUp('db', 'web', 'worker');
      const shell = await project.heldShell('ready', 'api');
      killAtOnce(shell);
      await eventually('it has ended', () => !isAlive(shell));
      process.kill(owner, 'SIGTERM');
    },
  },
  inStop('of the shell of a command', (_, shell) => killAtOnce(shell), { instead: { api: { done: 0 } } }),
  {
    name: 'of the warden, before a start',
    held: ['before', 'api'],
    instead: { api: none, web: none },
    strike: async ({ project, warden }) => {
      await project.areUp('db', 'worker');
      await project.heldShell('before', 'api');
      killAtOnce(warden);
    },
  },
  {
    name: 'of the warden, when it is ready',
    held: ['ready', 'api'],
    strike: async ({ project, warden }) => {
      await project.areUp('db', 'web', 'worker');
      await project.heldShell('ready', 'api');
      killAtOnce(warden);
    },
  },
  inStop('of the owner', ({ project, owner }) => {
    killAtOnce(owner);
    // Nothing has killed the command.
    project.letGo('stop', 'api');
  }),
  inStop('of the warden', ({ warden }) => killAtOnce(warden), runAgain),
  inStop('of both', ({ owner, warden }) => killAtOnce(owner, warden), runAgain),
  inStop('of all three', async ({ owner, warden }) => await killAll(owner, warden), { ...runAgain, nextStart: true }),
  {
    name: 'of the warden, while a dependency starts',
    held: ['listen', 'db'],
    instead: { migrate: none, api: none, web: none, worker: none },
    strike: async ({ project, warden }) => {
      await eventually('it has started', () => project.counts().db.starts === 1);
      killAtOnce(warden);
    },
  },
  whenAllRun('of the warden, while a dependency is restarted', async ({ project, warden }) => {
    project.hold('before', 'db');
    project.run.start(['restart', 'db']);
    await project.heldShell('before', 'db', 2);
    killAtOnce(warden);
  }),
  whenAllRun('of both, while what needs it is restarted', async ({ project, owner, warden }) => {
    project.hold('before', 'api');
    project.run.start(['restart', 'db']);
    await project.heldShell('before', 'api', 2);
    killAtOnce(owner, warden);
  }),
];

async function killAll(owner: number, warden: number): Promise<void> {
  killAtOnce(owner, warden, ...switchesOf(warden));
  await eventually('they are dead', () => !isAlive(owner) && !isAlive(warden));
}

export interface DependentOutcome {
  readonly survivors: readonly Survivor[];
  /** Until the last process was gone, from the strike, or from the next start where it takes that. */
  readonly millis: number;
  /** Number of processes that were alive before the next start, where it takes that. */
  readonly leftForNextStart: number;
  readonly counts: Readonly<Record<Name, Counts>>;
}

/** Brings all up, strikes, and looks until no process is left. */
export async function outcomeOf(project: DependentProject, death: DependentDeath): Promise<DependentOutcome> {
  const { run } = project;
  if (death.held) project.hold(...death.held);
  const owner = run.start(['up']).pid;
  const warden = await eventually('the warden is there', () => run.wardenPids()[0]);
  const own = new Set([owner, warden]);
  await death.strike({ project, owner, warden });
  let struckAt = performance.now();
  let leftForNextStart = 0;
  if (death.nextStart) {
    await eventually('they are dead', () => !isAlive(owner) && !isAlive(warden));
    leftForNextStart = survivorsOf(run.workFolder, own).length;
    struckAt = performance.now();
    run.call(['sweep']);
  }
  let survivors: readonly Survivor[] = [];
  const gone = eventually('no process is left', async () => {
    survivors = survivorsOf(run.workFolder, own);
    if (survivors.length === 0) survivors = await survivorsAfterLooking(run.workFolder, own);
    return survivors.length === 0;
  });
  await gone.catch(() => undefined);
  const millis = performance.now() - struckAt;
  await eventually('the warden has ended too', () => !isAlive(warden));
  if (survivors.length === 0) await eventually('nothing is on record', () => run.wardenIds().length === 0);
  return { survivors, millis, leftForNextStart, counts: project.counts() };
}

/** Each command is run once for each start, but for what this death makes of it. */
export function expectedCounts({ instead = {} }: DependentDeath, counts: Readonly<Record<Name, Counts>>): Record<Name, Counts> {
  const expected = (name: Name): Counts => {
    const { starts } = counts[name];
    return { starts, begun: starts, done: starts, gone: starts, ...instead[name] };
  };
  return Object.fromEntries(names.map((name) => [name, expected(name)])) as Record<Name, Counts>;
}
