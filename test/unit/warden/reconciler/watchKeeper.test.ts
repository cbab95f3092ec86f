import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FileWatch } from '../../../../src/protocol/fileWatch.ts';
import type { Journal } from '../../../../src/warden/journal.ts';
import type { ManagedPool } from '../../../../src/warden/reconciler/managedPool.ts';
import { WatchKeeper } from '../../../../src/warden/reconciler/watchKeeper.ts';
import { MadeUpFiles } from '../../../support/dependencyWorld.ts';

class MadeUpPool {
  /** How often it was looked at. */
  looks = 0;
  countsChanges = false;
  readonly #watch: FileWatch = { folder: '/w', patterns: ['src'], action: { by: 'restart' }, debounceMillis: 200 };

  get watch(): FileWatch {
    this.looks++;
    return this.#watch;
  }
}

describe('what is watched', () => {
  it('is decided for the one name of which there is news: each of a thousand names changes several times at their start', () => {
    const [api, web] = [new MadeUpPool(), new MadeUpPool()];
    const pools = new Map(Object.entries({ api, web })) as unknown as ReadonlyMap<string, ManagedPool>;
    const files = new MadeUpFiles();
    let changes = 0;
    const keeper = new WatchKeeper({
      ...{ pools, files },
      journal: { write: () => undefined } as unknown as Journal,
      restart: () => Promise.resolve(),
      start: () => Promise.reject(new Error('nothing is started')),
      stop: () => undefined,
      alert: () => undefined,
      onChange: () => {
        changes++;
      },
    });
    keeper.update();
    web.looks = 0;
    api.countsChanges = true;
    for (let count = 0; count < 3; count++) keeper.observe('api');
    assert.deepEqual([files.names, changes, web.looks], [['api'], 1, 0]);
  });
});
