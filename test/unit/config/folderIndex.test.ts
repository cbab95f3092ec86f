import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { indexFolders } from '../../../src/config/import/folderIndex.ts';
import { discoverIn } from '../../../src/extension/found/discoverIn.ts';

describe('the folders in which projects are looked for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-folders-'));
  after(() => rmSync(folder, { recursive: true }));
  const write = (path: string, text = ''): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };

  it('are those that git does not ignore, down to a depth, without links and packages of others', async () => {
    write('package.json');
    write('.gitignore', '/generated\n*.tmp/\nkept*\n!kept-really\n');
    write('packages/web/package.json');
    write('packages/web/.gitignore', 'cache\n');
    for (const path of [
      'generated',
      'x.tmp',
      'kept',
      'node_modules/a',
      'packages/web/cache',
      'packages/web/node_modules/b',
      '.git/x',
      'a/b/c/d',
    ])
      write(`${path}/package.json`);
    write('kept-really/go.mod');
    symlinkSync(folder, join(folder, 'loop'));
    const index = await indexFolders(folder);
    assert.deepEqual([...index.keys()], ['', 'a', 'kept-really', 'packages', 'a/b', 'packages/web', 'a/b/c']);
    assert.ok(index.get('packages/web')?.files.has('package.json'));
  });

  it('are at most three hundred, with two thousand entries of each', async () => {
    const wide = join(folder, 'wide');
    for (let number = 0; number < 400; number++) mkdirSync(join(wide, `f${number}`), { recursive: true });
    for (let number = 0; number < 2500; number++) writeFileSync(join(wide, 'f0', `${number}`), '');
    const index = await indexFolders(wide);
    assert.equal(index.size, 300);
    assert.equal(index.get('f0')?.files.size, 2000);
  });

  it('are ignored by the first two thousand rules of a .gitignore', async () => {
    const ruled = join(folder, 'ruled');
    for (const name of ['first', 'last']) mkdirSync(join(ruled, name), { recursive: true });
    writeFileSync(join(ruled, '.gitignore'), `first\n${'x\n'.repeat(1999)}last\n`);
    assert.deepEqual([...(await indexFolders(ruled)).keys()], ['', 'last']);
  });

  it('may have a FIFO where a file should be, which nothing waits for', async () => {
    const piped = join(folder, 'piped');
    mkdirSync(join(piped, 'app'), { recursive: true });
    for (const name of ['.gitignore', 'package.json']) execFileSync('mkfifo', [join(piped, name)]);
    assert.deepEqual([...(await indexFolders(piped)).keys()], ['', 'app']);
    assert.deepEqual((await discoverIn(piped)).found, []);
  });

  it('are none where nothing can be read', async () => assert.equal((await indexFolders(join(folder, 'nowhere'))).size, 0));
});
