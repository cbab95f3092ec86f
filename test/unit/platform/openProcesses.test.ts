/** Files of /proc that are kept open are closed again, whatever becomes of a look. */
import assert from 'node:assert/strict';
import fs, { readdirSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { describe, it, type TestContext } from 'node:test';
import { OpenProcesses } from '../../../src/platform/linux/openProcesses.ts';
import { ProcFs } from '../../../src/platform/linux/procfs.ts';
import { ProcessTableError } from '../../../src/platform/platform.ts';

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** Every call of it fails from now on, until the test ends. */
function fail({ mock }: TestContext, call: 'openSync' | 'readSync', code: string): void {
  mock.method(fs, call, () => {
    throw Object.assign(new Error(`${code}: ${call}`), { code });
  });
  syncBuiltinESMExports();
}

describe('a process whose files are kept open', () => {
  for (const [code, outcome] of [
    ['ENOMEM', 'throws'],
    ['ESRCH', 'is gone'],
  ] as const)
    it(`has none left open by a first look that ends in ${code}`, (context) => {
      const open = new OpenProcesses(new ProcFs());
      const before = openDescriptors();
      fail(context, 'readSync', code);
      try {
        for (let look = 0; look < 10; look++)
          if (outcome === 'throws') assert.throws(() => open.stat(process.pid), ProcessTableError);
          else assert.equal(open.stat(process.pid), undefined);
      } finally {
        context.mock.restoreAll();
        syncBuiltinESMExports();
      }
      assert.equal(openDescriptors(), before);
      assert.equal(open.stat(process.pid)?.pid, process.pid);
    });

  it('is not taken for gone where no descriptor is free', (context) => {
    const open = new OpenProcesses(new ProcFs());
    fail(context, 'openSync', 'EMFILE');
    try {
      assert.throws(() => open.stat(process.pid), ProcessTableError);
    } finally {
      context.mock.restoreAll();
      syncBuiltinESMExports();
    }
    assert.equal(open.stat(process.pid)?.pid, process.pid);
  });
});
