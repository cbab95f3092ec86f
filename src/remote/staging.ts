/** Brings this program to a node that does not have it: as a tar, through the way that reaches the node. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execPath } from 'node:process';
import { exitOf } from '../client/childExit.ts';
import { version } from '../protocol/version.ts';
import { copySeconds, type NodePlaces, stageScript } from './nodeScript.ts';
import { complaintIn, handedOn } from './programs.ts';
import type { CommandLine } from './runner.ts';

const bundles = dirname(process.argv[1] ?? '');

/** The native code that a warden loads, below `node_modules`; what is not installed is not brought. */
const nativePackages = ['koffi', '@koromix', 'node-pty'];

export function nodePlaces(): NodePlaces {
  const digest = createHash('sha256')
    .update(readFileSync(join(bundles, 'warden.js')))
    .digest('hex');
  return { node: execPath, bundles, staged: `${version}-${digest.slice(0, 12)}` };
}

/** What of them a node never loads, most of their size; for tar(1). */
const unused = ['win32-*', 'third_party'].map((name) => `--exclude=${name}`);

/** @throws Error where it could not be brought. */
export async function stage(places: NodePlaces, reach: (script: string) => CommandLine): Promise<void> {
  const root = dirname(bundles);
  const programs = readdirSync(bundles).filter((name) => /^(?:remote|warden|re2js|picomatch|croner)\.js$/.test(name));
  const native = nativePackages.map((name) => join('node_modules', name)).filter((path) => existsSync(join(root, path)));
  const [program, ...args] = reach(stageScript(places));
  const packing = spawn(
    'tar',
    ['-czf', '-', '-C', root, '--dereference', ...unused, '--', ...programs.map((name) => join('dist', name)), ...native],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const unpacking = spawn(program, args, {
    env: handedOn(),
    stdio: [packing.stdout, 'ignore', 'pipe'],
    timeout: copySeconds * 1000,
    killSignal: 'SIGKILL',
  });
  packing.stdout.destroy();
  const complaint = complaintIn(unpacking.stderr);
  const [packed, unpacked] = await Promise.all([exitOf(packing), exitOf(unpacking)]);
  if (unpacked.code !== 0) throw new Error(`Tree Warden could not be copied to the node: ${complaint() || unpacked.problem}`);
  if (packed.code !== 0) throw new Error(`Tree Warden could not be packed for the node: ${packed.problem}`);
}
