import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessTableError } from '../../../../src/platform/platform.ts';
import { LoadLooks } from '../../../../src/warden/models/loadLooks.ts';

describe('looks at what loads transfer', () => {
  it('are one for many loads', async () => {
    let count = 0;
    const looks = new LoadLooks(() => {
      count++;
      return new Promise(setImmediate);
    });
    const begun = performance.now();
    await Promise.all([looks.take(), looks.take()]);
    const again = looks.take();
    // On a machine that was busy for longer than looks are shared, there are two.
    assert.ok(count === 1 || performance.now() - begun >= 500, `${count} looks`);
    await again;
  });

  it('pass over a process table that cannot be read', () =>
    new LoadLooks(() => Promise.reject(new ProcessTableError('it is not there'))).take());
});
