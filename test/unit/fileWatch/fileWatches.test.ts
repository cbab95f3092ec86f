import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { FileWatches } from '../../../src/fileWatch/fileWatches.ts';
import type { FileWatchRequest } from '../../../src/protocol/fileWatchHelper.ts';
import { eventually } from '../../support/run.ts';

describe('the files of several processes of one folder', () => {
  it('are told that changed before they were watched, also where another process comes while they are still being read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tree-warden-watched-'));
    const told: string[] = [];
    const watches = new FileWatches({
      onChanged: ({ name, files }) => told.push(...files.map((file) => `${name}: ${file}`)),
      onWait: () => undefined,
      onEnded: (name, _isLoop, problem) => assert.fail(`${name}: ${problem}`),
    });
    const request = (name: string, since: number): FileWatchRequest => ({
      ...{ name, folder, since, patterns: ['src/**'], debounceMillis: 50, excluded: [] },
    });
    try {
      for (let index = 0; index < 200; index++) mkdirSync(join(folder, `src/${index}`), { recursive: true });
      const since = Date.now() - 1000;
      const file = join(folder, 'src/199/a.ts');
      writeFileSync(file, 'x');
      await eventually('it is older than what a new watcher looks at again', () => Date.now() - statSync(file).ctimeMs > 300);
      const api = request('api', since);
      watches.set([api]);
      watches.set([api, request('web', Date.now())]);
      await eventually('it is told', () => told.length > 0);
      assert.deepEqual(told, ['api: src/199/a.ts']);
    } finally {
      watches.set([]);
      rmSync(folder, { recursive: true });
    }
  });
});
