/** Where the model service of a user was, as it is kept. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { newToken } from '../../../src/loopback/token.ts';
import { readServiceAddress, writeServiceAddress } from '../../../src/records/serviceAddress.ts';

describe('the address of the model service', () => {
  const withFolder = (work: (folder: string, file: string) => void): void => {
    const folder = mkdtempSync(join(tmpdir(), 'tw-address-'));
    try {
      work(folder, join(folder, 'model-service.json'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  it('is read as it was written', () =>
    withFolder((folder) => {
      const address = { port: 4000, token: newToken() };
      writeServiceAddress(address, folder);
      assert.deepEqual(readServiceAddress(folder), address);
    }));

  const token = newToken();
  const unusable = {
    'cut off': `{"port":4000,"token":"${token}`,
    'a port that is none': JSON.stringify({ port: 70_000, token }),
    'a token that is too short': JSON.stringify({ port: 4000, token: 'short' }),
    'a token that cannot stand in a header': JSON.stringify({ port: 4000, token: `${token}\n` }),
    'too long': JSON.stringify({ port: 4000, token, more: 'x'.repeat(20_000) }),
  };
  for (const [what, text] of Object.entries(unusable))
    it(`is as good as none: ${what}`, () =>
      withFolder((folder, file) => {
        writeFileSync(file, text);
        assert.equal(readServiceAddress(folder), undefined);
      }));

  it('is as good as none where a folder has its name, and leaves nothing where it cannot be written', () =>
    withFolder((folder, file) => {
      mkdirSync(file);
      assert.equal(readServiceAddress(folder), undefined);
      assert.throws(() => writeServiceAddress({ port: 4000, token }, folder), /EISDIR|ENOTEMPTY|EEXIST|EPERM/);
      assert.deepEqual(readdirSync(folder), ['model-service.json']);
    }));
});
