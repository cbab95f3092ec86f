import type { Platform } from '../../src/platform/platform.ts';

/** A kernel without processes, in which nothing happens; each test adds what it needs. */
export const inertPlatform: Platform = {
  name: 'inert',
  shortcomings: [],
  bootId: 'one',
  adoptsOrphans: true,
  killsAtDeath: false,
  supportsPorts: true,
  opensTerminals: false,
  ignoresVariableCase: false,
  openTerminal: () => undefined,
  endSignals: [],
  spawnOptions: { detached: true, windowsHide: true },
  adoptOrphans: () => undefined,
  continueAtParentsEnd: () => undefined,
  stat: () => undefined,
  descendants: () => [],
  allProcesses: () => [],
  usage: () => Promise.resolve(new Map()),
  gpuHolders: () => Promise.resolve(new Set()),
  descendantsInTurns: () => Promise.resolve([]),
  footprints: () => Promise.resolve(new Map()),
  listening: () => Promise.resolve(new Map()),
  isOwnedByUser: () => true,
  isProtected: () => false,
  argvOf: () => [],
  protectSocket: () => undefined,
  signal: () => 'gone',
  reap: () => undefined,
  withSpawnAttributes: (_attributes, spawn) => spawn(),
  marksOf: () => ({ environment: [], limit: undefined }),
  containersFor: () => {
    throw new Error('no test asks for containers here');
  },
  findContainer: () => undefined,
  removeCgroupRoots: () => true,
};
