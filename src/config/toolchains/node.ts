/** The Node.js of a process: the version that its project asks for, among those that version managers have installed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CannotStartError, isExecutable } from '../../command/executable.ts';
import { errorText } from '../../protocol/errors.ts';
import { readTextFile, UnreadableTextError } from '../textFile.ts';
import type { Toolchain, ToolchainContext } from './toolchain.ts';

/** The value that means the version of the project's own files. */
const selected = 'selected';

/** Maximum number of versions of one version manager that are looked at. */
const maxVersions = 500;

/** @throws CannotStartError where no version is asked for, or none that is installed matches. */
export function nodeToolchain(written: string, context: ToolchainContext): Toolchain {
  const wanted = written === selected ? projectVersion(context) : { version: written, file: undefined };
  const asked = wanted.file === undefined ? `'${wanted.version}'` : `'${wanted.version}' of ${wanted.file}`;
  const matches = matcherOf(wanted.version);
  if (matches === undefined)
    throw new CannotStartError(`node: ${asked} is no version that is understood: write one such as 22, 20.11, 20.11.1, lts/* or lts/iron.`);
  const stores = storesOf(context);
  const found = stores.flatMap(({ folder, bins }) =>
    versionsIn(folder).flatMap((version) => {
      const numbers = numbersOf(version);
      const bin = bins
        .map((within) => join(folder, version, within))
        .find((one) => ['node', 'node.exe'].some((name) => isExecutable(join(one, name))));
      return numbers && bin !== undefined && matches(numbers) ? [{ numbers, bin }] : [];
    }),
  );
  const [newest] = found.toSorted((a, b) => compare(b.numbers, a.numbers));
  if (newest) return { name: 'node', bins: [newest.bin], env: {}, place: `${newest.numbers.join('.')} (${newest.bin})` };
  throw new CannotStartError(
    `node: no Node.js that matches ${asked} is installed by a version manager. It was looked for in ${stores.map(({ folder }) => folder).join(', ')}.`,
  );
}

interface WantedVersion {
  readonly version: string;
  /** Absolute. */
  readonly file: string | undefined;
}

/** Of the nearest folder that has one. */
function projectVersion({ folders, onFile }: ToolchainContext): WantedVersion {
  const readers: readonly (readonly [string, (text: string) => string | undefined])[] = [
    ['.nvmrc', firstWord],
    ['.node-version', firstWord],
    ['.tool-versions', (text) => /^(?:nodejs|node)[ \t]+(\S+)/m.exec(text)?.[1]],
    ['package.json', voltaVersion],
  ];
  for (const folder of folders)
    for (const [name, read] of readers) {
      const file = join(folder, name);
      onFile?.(file);
      const version = read(textOf(file));
      if (version !== undefined) return { version, file };
    }
  throw new CannotStartError(
    `node: no file says which version is meant: there is no .nvmrc, .node-version, .tool-versions with nodejs, or package.json with volta in ${folders.join(', ')}.`,
  );
}

/** Empty where there is no such file. @throws CannotStartError where it cannot be read. */
function textOf(file: string): string {
  try {
    return readTextFile(file);
  } catch (error) {
    if (error instanceof UnreadableTextError && error.isMissing) return '';
    throw new CannotStartError(`node: cannot read ${file}: ${errorText(error)}.`);
  }
}

/** Comments begin with a number sign. */
function firstWord(text: string): string | undefined {
  return /^[ \t]*([^\s#]+)/m.exec(text)?.[1];
}

function voltaVersion(text: string): string | undefined {
  try {
    const { volta } = JSON.parse(text) as { readonly volta?: { readonly node?: unknown } };
    return typeof volta?.node === 'string' ? volta.node : undefined;
  } catch {
    // None, or one that npm will complain of.
    return undefined;
  }
}

type Version = readonly number[];

/** Major versions by their names (nodejs.org, "Releases"). */
const ltsNames = new Map([
  ['argon', 4],
  ['boron', 6],
  ['carbon', 8],
  ['dubnium', 10],
  ['erbium', 12],
  ['fermium', 14],
  ['gallium', 16],
  ['hydrogen', 18],
  ['iron', 20],
  ['jod', 22],
  ['krypton', 24],
]);

/** Undefined where it is not understood. */
function matcherOf(text: string): ((version: Version) => boolean) | undefined {
  const wanted = text.toLowerCase();
  if (['node', 'latest', 'stable', 'current'].includes(wanted)) return () => true;
  if (wanted === 'lts/*' || wanted === 'lts') return ([major = 1]) => major % 2 === 0;
  if (wanted.startsWith('lts/') || wanted.startsWith('lts-')) {
    const named = ltsNames.get(wanted.slice('lts/'.length));
    return named === undefined ? undefined : ([major]) => major === named;
  }
  const numbers = /^v?(\d{1,4}(?:\.\d{1,4}){0,2})(?:\.[x*]){0,2}$/.exec(wanted)?.[1]?.split('.').map(Number);
  return numbers && ((version) => numbers.every((number, index) => version[index] === number));
}

/** Where version managers keep what they have installed, and where in each version its programs are. */
function storesOf({ env, home }: ToolchainContext): { readonly folder: string; readonly bins: readonly string[] }[] {
  const data = env['XDG_DATA_HOME'] || join(home, '.local', 'share');
  const inBin = ['bin'];
  // On Windows, programs are in the folder itself.
  const plain = ['bin', ''];
  const installation = [join('installation', 'bin'), 'installation'];
  return [
    { folder: join(env['NVM_DIR'] || join(home, '.nvm'), 'versions', 'node'), bins: inBin },
    ...(env['NVM_HOME'] ? [{ folder: env['NVM_HOME'], bins: [''] }] : []),
    ...[env['FNM_DIR'] || join(data, 'fnm'), join(home, '.fnm')].map((folder) => ({
      folder: join(folder, 'node-versions'),
      bins: installation,
    })),
    { folder: join(env['VOLTA_HOME'] || join(home, '.volta'), 'tools', 'image', 'node'), bins: plain },
    { folder: join(env['MISE_DATA_DIR'] || join(data, 'mise'), 'installs', 'node'), bins: plain },
    { folder: join(env['ASDF_DATA_DIR'] || join(home, '.asdf'), 'installs', 'nodejs'), bins: inBin },
    { folder: join(env['NODENV_ROOT'] || join(home, '.nodenv'), 'versions'), bins: inBin },
  ];
}

function versionsIn(folder: string): string[] {
  try {
    return readdirSync(folder).slice(0, maxVersions);
  } catch {
    return []; // This version manager is not used.
  }
}

/** Of a whole version, as the name of a folder. */
function numbersOf(name: string): Version | undefined {
  return /^v?(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(name)?.slice(1).map(Number);
}

function compare(one: Version, other: Version): number {
  const at = one.findIndex((number, index) => number !== other[index]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}
