/** The files of the native packages that one VSIX needs, and no others. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import lock from '../../../package-lock.json' with { type: 'json' };
import { installOnce } from '../installOnce.ts';
import { cacheFolder, root } from '../paths.ts';
import type { NativeParts } from './targets.ts';

/** Where one comes from, and its path in the stage. */
export interface StagedFile {
  readonly from: string;
  readonly to: string;
}

const packages = join(root, 'node_modules');
const staged = join('dist', 'node_modules');
/** Of koffi, what `import` and `require` lead to. */
const koffiFiles = ['package.json', 'LICENSE.txt', ...['', 'src/koffi/', 'src/koffi/src/'].flatMap(entryFiles)];

function entryFiles(folder: string): string[] {
  const name = folder.endsWith('/src/') ? 'static' : 'index';
  return [`${folder}${name}.js`, `${folder}${name}.cjs`];
}

/** @throws Error where a package cannot be fetched, or is not the one of the lock file. */
export function nativeFiles({ koffi, library, terminals }: NativeParts): StagedFile[] {
  return [
    ...filesOf(join(packages, 'koffi'), 'koffi', koffiFiles),
    ...filesOf(koffiPackage(koffi), join('@koromix', koffi), ['package.json', 'index.js', join(library, 'koffi.node')]),
    ...(terminals === undefined ? [] : terminalFiles(terminals)),
  ];
}

/** The names of the packages in it, for their licences. */
export function nativePackages(parts: NativeParts): string[] {
  return ['node_modules/koffi/', ...(parts.terminals === undefined ? [] : ['node_modules/node-pty/'])];
}

function filesOf(folder: string, name: string, files: readonly string[]): StagedFile[] {
  return files.map((file) => ({ from: join(folder, file), to: join(staged, name, file) }));
}

/** Without debugging symbols, and without the console host that node-pty loads on request only (`useConptyDll`). */
function terminalFiles(prebuild: string): StagedFile[] {
  const folder = join(packages, 'node-pty');
  const library = filesIn(join(folder, 'lib'), /(?<!\.test)\.js$/).map((file) => join('lib', file));
  const native = readdirSync(join(folder, 'prebuilds', prebuild), { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.pdb'))
    .map(({ name }) => join('prebuilds', prebuild, name));
  return filesOf(folder, 'node-pty', ['package.json', 'LICENSE', ...library, ...native]);
}

function filesIn(folder: string, wanted: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => wanted.test(file));
}

/** npm installs this machine's only; another one is fetched once. */
function koffiPackage(name: string): string {
  const own = join(packages, '@koromix', name);
  if (existsSync(own)) return own;
  const path = `node_modules/@koromix/${name}` as keyof typeof lock.packages;
  const { version, integrity } = lock.packages[path] as { readonly version: string; readonly integrity: string };
  const folder = join(cacheFolder, `${name}-${version}`);
  installOnce(folder, (stage) => fetchPackage(`@koromix/${name}@${version}`, integrity, stage));
  return join(folder, 'package');
}

function fetchPackage(id: string, integrity: string, stage: string): void {
  const answer = execFileSync('npm', ['pack', '--json', '--loglevel=error', id], { cwd: stage, encoding: 'utf8' });
  const [packed] = JSON.parse(answer) as { readonly filename: string; readonly integrity: string }[];
  if (packed?.integrity !== integrity) throw new Error(`${id} is not the package of package-lock.json.`);
  execFileSync('tar', ['xzf', readdirSync(stage).find((file) => file.endsWith('.tgz')) ?? packed.filename], { cwd: stage });
}
