/**
 * Writes l10n/bundle.l10n.json, which translators start from; a unit test says when it is stale.
 *   node src/build/l10n.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './paths.ts';
import { l10nBundle, l10nBundleFile } from './reference/l10nBundle.ts';

const path = join(root, l10nBundleFile);
mkdirSync(dirname(path), { recursive: true });
writeFileSync(path, await l10nBundle());
