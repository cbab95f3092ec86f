import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../../../package.json' with { type: 'json' };
import { noticesFor } from '../notices.ts';
import { root } from '../paths.ts';
import { targetOfFile } from './machineCode.ts';
import { nativeFiles, nativePackages } from './nativeFiles.ts';
import { targets, universal } from './targets.ts';

/** Beside `dist/`; `.vscodeignore` says which of the files in the folders are packed. */
const parts = ['package.json', 'package.nls.json', 'README.md', 'CHANGELOG.md', 'LICENSE', '.vscodeignore', 'l10n', 'media'];
/** What `dist/` has for this project alone. */
const unpacked = /\.map$|^inputs\.json$/;

export interface VsixOptions {
  readonly target: string;
  /** Where the file is written. */
  readonly folder: string;
  /** Tries what is about to be packed. */
  readonly tryOut?: (stage: string) => Promise<void>;
}

/**
 * Packs `dist/` as it is built now; resolves with the path of the file.
 * @throws Error where there is no such target, a native package cannot be had, or a file is for another machine.
 */
export async function makeVsix({ target, folder, tryOut }: VsixOptions): Promise<string> {
  if (!Object.hasOwn(targets, target)) throw new Error(`There is no target '${target}': choose from ${Object.keys(targets).join(', ')}.`);
  const file = join(folder, `${manifest.name}-${target}-${manifest.version}.vsix`);
  const stage = mkdtempSync(join(tmpdir(), 'tree-warden-package-'));
  try {
    fill(stage, target);
    assertOnlyFor(target, stage);
    await tryOut?.(stage);
    const about = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links'];
    const platform = target === universal ? [] : ['--target', target];
    execFileSync(
      process.execPath,
      [fileURLToPath(import.meta.resolve('@vscode/vsce/vsce')), 'package', ...about, ...platform, '--out', file],
      {
        cwd: stage,
        stdio: 'pipe',
      },
    );
    return file;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

function fill(stage: string, target: string): void {
  const native = targets[target];
  for (const name of parts) cpSync(join(root, name), join(stage, name), { recursive: true });
  for (const name of readdirSync(join(root, 'dist'))) {
    if (!unpacked.test(name)) cpSync(join(root, 'dist', name), join(stage, 'dist', name));
  }
  for (const { from, to } of native === undefined ? [] : nativeFiles(native)) {
    mkdirSync(dirname(join(stage, to)), { recursive: true });
    cpSync(from, join(stage, to));
  }
  const inputs = JSON.parse(readFileSync(join(root, 'dist', 'inputs.json'), 'utf8')) as string[];
  writeFileSync(join(stage, 'THIRD-PARTY-NOTICES.txt'), noticesFor([...inputs, ...(native === undefined ? [] : nativePackages(native))]));
}

/** @throws Error that names a file with machine code for another target. */
function assertOnlyFor(target: string, stage: string): void {
  for (const { file, made } of machineCodeIn(stage)) {
    if (made !== target) throw new Error(`${file} is for ${made}, and was about to be packed for ${target}.`);
  }
}

/** The files with machine code below a folder. */
export function machineCodeIn(folder: string): { readonly file: string; readonly made: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const file = join(entry.parentPath, entry.name);
    const made = entry.isFile() ? targetOfFile(readFileSync(file)) : undefined;
    return made === undefined ? [] : [{ file, made }];
  });
}
