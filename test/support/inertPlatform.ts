import type { Platform } from '../../src/platform/platform.ts';

/** A kernel in which nobody lives and nothing happens; a test puts in what it is about. */
export const inertPlatform: Platform = {
  name: 'inert',
  shortcomings: [],
  bootId: 'one',
  adoptsOrphans: true,
  killsAtDeath: false,
  tellsPorts: true,
  endSignals: [],
  spawnOptions: { detached: true, windowsHide: true },
  adoptOrphans: () => undefined,
  stat: () => undefined,
  descendants: () => [],
  everyone: () => [],
  usage: () => Promise.resolve(new Map()),
  gpuHolders: () => Promise.resolve(new Set()),
  footprints: () => new Map(),
  listening: () => new Map(),
  isOurs: () => true,
  argvOf: () => [],
  protectSocket: () => undefined,
  signal: () => 'gone',
  reap: () => undefined,
  lend: (_loan, spawn) => spawn(),
  marksOf: () => ({ environment: [], limit: undefined }),
  containersFor: () => {
    throw new Error('no test asks for containers here');
  },
  findContainer: () => undefined,
  removeHomes: () => true,
};
