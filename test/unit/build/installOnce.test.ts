import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { installOnce, isInstalledIn } from '../../../src/build/installOnce.ts';

describe('an installation', () => {
  function folders(): { readonly parent: string; readonly folder: string } & Disposable {
    const parent = mkdtempSync(join(tmpdir(), 'tw-install-'));
    return { parent, folder: join(parent, 'peers'), [Symbol.dispose]: () => rmSync(parent, { recursive: true }) };
  }
  const writing =
    (text: string) =>
    (stage: string): void =>
      writeFileSync(join(stage, 'what'), text);

  it('is done once', () => {
    using place = folders();
    installOnce(place.folder, writing('first'));
    installOnce(place.folder, () => assert.fail('it was installed again'));
    assert.equal(readFileSync(join(place.folder, 'what'), 'utf8'), 'first');
  });

  it('that another one overtakes leaves that one untouched', () => {
    using place = folders();
    installOnce(place.folder, (stage) => {
      writing('slow')(stage);
      assert.ok(!isInstalledIn(place.folder), 'nothing is seen of it before its end');
      installOnce(place.folder, writing('quick'));
    });
    assert.equal(readFileSync(join(place.folder, 'what'), 'utf8'), 'quick');
    assert.deepEqual(readdirSync(place.parent), ['peers']);
  });

  it('that has failed leaves nothing, and is tried again', () => {
    using place = folders();
    const refused = (): never => {
      throw new Error('no network');
    };
    assert.throws(() => installOnce(place.folder, refused), /no network/);
    assert.deepEqual(readdirSync(place.parent), []);
    installOnce(place.folder, writing('second'));
    assert.ok(isInstalledIn(place.folder));
  });

  it('takes the place of one that did not get to its end', () => {
    using place = folders();
    mkdirSync(place.folder);
    writeFileSync(join(place.folder, 'half'), '');
    installOnce(place.folder, writing('whole'));
    assert.deepEqual(readdirSync(place.folder).sort(), ['installed', 'what']);
  });
});
