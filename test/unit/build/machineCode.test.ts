/** What a package is checked by: which machine a file is for. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../../../src/build/paths.ts';
import { targetOfFile } from '../../../src/build/vsix/machineCode.ts';
import { machineCodeIn } from '../../../src/build/vsix/makeVsix.ts';
import { targets } from '../../../src/build/vsix/targets.ts';

const prebuilds = join(root, 'node_modules', 'node-pty', 'prebuilds');

describe('machine code', () => {
  for (const target of readdirSync(prebuilds)) {
    it(`for ${target} is known as that`, () => {
      const found = machineCodeIn(join(prebuilds, target));
      assert.ok(found.length > 0);
      assert.deepEqual(
        found.filter(({ made }) => made !== target),
        [],
      );
      assert.ok(Object.hasOwn(targets, target), 'a package is made for it');
    });
  }

  it('for Alpine is told from that for other Linux systems', () => {
    const folder = join(root, 'node_modules', '@koromix', `koffi-linux-${arch()}`);
    assert.ok(existsSync(folder));
    const library = (libc: string): Buffer => readFileSync(join(folder, `${libc}_${arch()}`, 'koffi.node'));
    assert.deepEqual([targetOfFile(library('linux')), targetOfFile(library('musl'))], [`linux-${arch()}`, `alpine-${arch()}`]);
  });

  it('is not seen in a text, a short file or a truncated one', () => {
    for (const file of [Buffer.from('MZ'), Buffer.alloc(0), readFileSync(join(root, 'package.json'))])
      assert.equal(targetOfFile(file), undefined);
    const truncated = Buffer.alloc(70);
    truncated.write('MZ');
    truncated.writeUInt32LE(1000, 0x3c);
    assert.equal(targetOfFile(truncated), 'win32-cpu 0');
  });
});
