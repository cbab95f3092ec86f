/** The bundle of translatable messages. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import manifest from '../../../package.json' with { type: 'json' };
import { root } from '../../../src/build/paths.ts';
import { l10nBundle, l10nBundleFile } from '../../../src/build/reference/l10nBundle.ts';

describe('the messages of the extension', () => {
  it('are in the bundle (npm run l10n writes it)', async () => {
    assert.equal(readFileSync(join(root, l10nBundleFile), 'utf8'), await l10nBundle());
    assert.equal(join(root, manifest.l10n), join(root, 'l10n'));
  });
});
