/**
 * Makes the VSIX of every target, or of the named ones, and prints their sizes. Each has the native parts of its target only; the one of this machine is
 * run once before it is packed.
 *   node src/build/package.ts [TARGET…]
 */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { formatBytes } from '../protocol/format.ts';
import { root } from './paths.ts';
import { makeVsix } from './vsix/makeVsix.ts';
import { ownTarget, targets } from './vsix/targets.ts';
import { tryOut } from './vsix/tryOut.ts';

const [, , ...named] = process.argv;
execFileSync(process.execPath, [join(root, 'src', 'build', 'bundle.ts')], { stdio: 'pipe' });
console.log('| file | size |\n| --- | --- |');
for (const target of named.length > 0 ? named : Object.keys(targets)) {
  const file = await makeVsix({ target, folder: root, ...(target === ownTarget && { tryOut }) });
  console.log(`| ${basename(file)} | ${formatBytes(statSync(file).size)} |`);
}
