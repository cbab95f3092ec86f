import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { defaultRotation } from '../../../../src/protocol/logRotation.ts';
import { LogFile } from '../../../../src/warden/output/logFile.ts';
import { eventually } from '../../../support/run.ts';

describe('a log file', () => {
  it('that could not be opened is told of once, and written as soon as it can be', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-log-'));
    try {
      writeFileSync(join(folder, 'logs'), 'in the way');
      const failures: string[] = [];
      const file = new LogFile(join(folder, 'logs', 'it.log'), (error) => failures.push(error.message), defaultRotation, 20);
      for (let line = 0; line < 10; line++) {
        assert.ok(file.write('lost\n', () => undefined));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      rmSync(join(folder, 'logs'));
      await eventually('it is written', () => {
        file.write('kept\n', () => undefined);
        return read(join(folder, 'logs', 'it.log')).includes('kept');
      });
      await file.close();
      assert.ok(file.isClosed);
      assert.equal(failures.length, 1);
      assert.ok(!read(join(folder, 'logs', 'it.log')).includes('lost'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('is on the disk when it is closed, however often that is asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-log-'));
    try {
      const file = new LogFile(join(folder, 'it.log'), assert.fail);
      for (let part = 0; part < 8; part++) file.write(Buffer.alloc(2 ** 20, 'x'), () => undefined);
      void file.close();
      await file.close();
      assert.equal(readFileSync(join(folder, 'it.log')).length, 8 * 2 ** 20);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
