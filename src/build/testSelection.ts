/** Which files of tests a run tries: all of them in a full run; for a commit, those that come every time, and a part of the others that changes from day to day. */

export interface Selection {
  /** Everything, also what is for full runs alone. */
  readonly full: boolean;
  /** Every file that is not for full runs alone: the kind was asked for by its name. */
  readonly named: boolean;
  /** Chooses the part; see {@link seedOf}. */
  readonly seed: number;
}

/** Number of parts of the files that do not come every time: each day, one of them is tried. */
export const parts = { system: 2, host: 3 } as const;

const files = (...names: readonly string[]): ReadonlySet<string> => new Set(names.map((name) => `${name}.test.ts`));

/** Tests of the system in which the user matters: cgroups, namespaces, priorities, descriptors, sockets, records, other users' processes, terminals. */
const ofUsers = files(
  'cgroupMatrix',
  'cli',
  'crowdMatrix',
  'containment',
  'descriptors',
  'detached',
  'ending',
  'environment',
  'external',
  'fallback',
  'forgedRecords',
  'groupMatrix',
  'isolate',
  'join',
  'leftBehind',
  'limits',
  'manyWardens',
  'namespaceMatrix',
  'otherCgroupMatrix',
  'pidReuse',
  'ports',
  'programs',
  'recovery',
  'reload',
  'strays',
  'terminal',
  'warden',
);

/** Tests in the editor of what changes seldom, or is seen elsewhere too: an editor for each takes about a minute. */
const hostForFullRuns = files(
  'attention',
  'calm',
  'dashboardThemes',
  'guardMcp',
  'languages',
  'languageServerPolicies',
  'languageServerTrust',
  'looks',
  'modelLifetimes',
  'packagedUniversal',
  'pointer',
  'realProject',
  'sharedModels',
  'slurm',
  'twoWindows',
  'workspaces',
);

/** Tests of the system that take long, and of what changes seldom. */
const systemForFullRuns = files('checkGpu');

/** Tests of the system that come every time: the promise, and what everything else is built on. */
const systemEveryTime = files(
  'cgroupMatrix',
  'chaos',
  'cli',
  'containment',
  'crowdMatrix',
  'deadMansSwitch',
  'declare',
  'dependencies',
  'dependentMatrix',
  'detached',
  'ending',
  'exits',
  'fallback',
  'forgedRecords',
  'gatewayProcess',
  'groupMatrix',
  'hooks',
  'killedStart',
  'library',
  'limits',
  'modelDeaths',
  'modelService',
  'models',
  'namespaceMatrix',
  'otherCgroupMatrix',
  'pidReuse',
  'pools',
  'ports',
  'probes',
  'programs',
  'recovery',
  'reload',
  'restarts',
  'strays',
  'terminal',
  'until',
  'warden',
);

/** Tests in the editor that come every time: the promise, and what everything else is seen through. */
const hostEveryTime = files(
  'deaths',
  'externalDeaths',
  'firstMinute',
  'keptOnReload',
  'lostWarden',
  'models',
  'packaged',
  'rows',
  'start',
  'tasks',
  'view',
);

/** By kind of test. */
export const lists = {
  system: { forFullRuns: systemForFullRuns, everyTime: systemEveryTime },
  host: { forFullRuns: hostForFullRuns, everyTime: hostEveryTime },
} as const;

/** Of the environment: a number, or the date as `YYYYMMDD` in UTC. */
export function seedOf(written: string | undefined, now: Date): number {
  if (written === undefined) return Number(now.toISOString().slice(0, 10).replaceAll('-', ''));
  if (!/^\d{1,9}$/.test(written)) throw new Error(`TREE_WARDEN_MATRIX_SEED is '${written}'; it must be a number of at most nine digits.`);
  return Number(written);
}

/** Whether a file of tests is tried; `index`: of the file among all of its kind, in the order of their names. */
export function isTried(kind: string, file: string, index: number, { full, named, seed }: Selection): boolean {
  if (full || (kind !== 'system' && kind !== 'host')) return true;
  const { forFullRuns, everyTime } = lists[kind];
  if (forFullRuns.has(file)) return false;
  return named || everyTime.has(file) || index % parts[kind] === seed % parts[kind];
}

/** Whether a file of tests of the system is tried a second time, as an ordinary user. */
export function isTriedByUser(file: string, index: number, selection: Selection): boolean {
  return selection.full || (ofUsers.has(file) && isTried('system', file, index, selection));
}
