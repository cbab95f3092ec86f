import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Platform, type ProcessIdentity, type ProcessStat, ProcessTableError } from '../../../../src/platform/platform.ts';

import { noSwitch } from '../../../../src/warden/ending/deadMansSwitch.ts';
import type { Journal } from '../../../../src/warden/journal.ts';
import { Observers } from '../../../../src/warden/observers.ts';
import type { LimitKeeper } from '../../../../src/warden/trees/limitKeeper.ts';
import { Membership } from '../../../../src/warden/trees/membership.ts';

import type { TreeRecords } from '../../../../src/warden/trees/treeRecords.ts';
import type { ObservedTree } from '../../../../src/warden/trees/treeView.ts';
import { TreeWatch } from '../../../../src/warden/trees/treeWatch.ts';
import { inertPlatform } from '../../../support/inertPlatform.ts';
import { eventually } from '../../../support/run.ts';

const self: ProcessStat = {
  ...{ pid: 100, startTime: 1, parent: 1, group: 100, session: 100, alive: true, stopped: false, name: 'p', threads: 1 },
  ...{ cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0 },
};
const child: ProcessStat = { ...self, pid: 200, parent: self.pid };
const running = {
  id: '1',
  ended: false,
  request: { name: 'it' },
  container: { path: null, pids: () => [] },
  observe: () => undefined,
  measure: () => undefined,
};
const tree = running as unknown as ObservedTree;
const journal = { write: () => undefined } as unknown as Journal;

/** Watches one tree by looks that `look` answers, all of them in turns but the one where others have changed; `told` is what the switch was told last. */
class Watched implements Disposable {
  readonly watch: TreeWatch;
  readonly membership: Membership;
  look: () => readonly ProcessStat[] = () => [child];
  looks = 0;
  told: readonly ProcessIdentity[] = [];

  constructor(intervalMillis: number | undefined) {
    const look = (): ProcessStat[] => {
      this.looks++;
      return [...this.look()];
    };
    const platform: Platform = {
      ...inertPlatform,
      stat: (pid) => (pid === child.pid ? child : undefined),
      descendants: look,
      descendantsInTurns: () => Promise.resolve().then(look),
    };
    this.membership = new Membership(platform, self);
    this.watch = new TreeWatch({
      ...{ platform, journal, lifetime: 'managed', logFolder: '', keepHistory: false },
      membership: this.membership,
      observers: new Observers(journal),
      records: { write: () => undefined, writeStrays: () => undefined } as unknown as TreeRecords,
      limits: { intervalMillis, check: () => undefined } as unknown as LimitKeeper,
      deadMansSwitch: {
        ...noSwitch,
        update: (members) => {
          this.told = members;
        },
        add: (member) => {
          this.told = [...this.told, member];
        },
      },
      trees: () => [tree],
      onChange: () => undefined,
      alert: () => undefined,
    });
  }

  [Symbol.dispose](): void {
    this.watch.dispose();
  }
}

const blind = (): never => {
  throw new ProcessTableError('EMFILE');
};

/** A rejection that nothing handles would end the warden; here it fails the test. */
describe('a look that cannot read the process table', () => {
  for (const [which, intervalMillis] of [
    ['at and after a spawn', undefined],
    ['at each interval', 5],
  ] as const)
    it(`costs nothing but itself: ${which}`, async () => {
      using watched = new Watched(intervalMillis);
      watched.look = blind;
      watched.watch.othersChanged();
      // Censuses and the first sample, in turns.
      await eventually('it has looked often', () => watched.looks >= 6);
      assert.deepEqual(watched.told, []);
      watched.look = () => [child];
      await eventually('the switch is told when it can be read again', () => watched.told.length === 1);
    });

  it('is a defect where it is for any other reason', () => {
    using watched = new Watched(undefined);
    watched.look = () => {
      throw new Error('a defect');
    };
    assert.throws(() => watched.watch.othersChanged(), /a defect/);
  });
});

describe('a spawn', () => {
  it('is told to the switch in its own turn, without a look at all others', () => {
    using watched = new Watched(undefined);
    watched.watch.spawned(tree, child);
    assert.deepEqual([watched.told, watched.looks], [[child], 0]);
    // Where what was seen last is not recorded yet, that is, too.
    watched.membership.census(false);
    watched.watch.spawned(tree, child);
    assert.deepEqual([watched.told, watched.looks], [[child], 1]);
  });

  it('is followed by looks that it shares with others that come at the same time', async () => {
    using watched = new Watched(undefined);
    for (let spawn = 0; spawn < 100; spawn++) watched.watch.spawned(tree, child);
    await sleep(700);
    await eventually('the last of them was taken', () => watched.looks >= 6);
    // Six where all came within ten milliseconds, twelve where some were later.
    assert.ok(watched.looks <= 14, String(watched.looks));
  });
});
