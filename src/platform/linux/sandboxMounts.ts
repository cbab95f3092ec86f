/** What an isolated process sees of the file system, as arguments of bwrap(1). */
import { lstat, realpath } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join, sep } from 'node:path';
import { type Isolation, IsolationError, type IsolationSurroundings } from '../isolation.ts';

/** In the home folder: where programs keep keys, tokens and histories, as far as that is known; those that are there are hidden. */
export const secretPaths: readonly string[] = [
  '.ssh',
  '.gnupg',
  '.aws',
  '.azure',
  '.kube',
  '.docker',
  '.oci',
  '.netrc',
  '.git-credentials',
  '.npmrc',
  '.yarnrc.yml',
  '.pypirc',
  '.pgpass',
  '.my.cnf',
  '.vault-token',
  '.terraform.d',
  '.password-store',
  '.mozilla',
  '.thunderbird',
  '.codex',
  '.claude',
  '.claude.json',
  '.gemini',
  '.bash_history',
  '.zsh_history',
  '.python_history',
  '.node_repl_history',
  '.psql_history',
  '.cargo/credentials',
  '.cargo/credentials.toml',
  '.gem/credentials',
  '.m2/settings.xml',
  '.gradle/gradle.properties',
  '.composer/auth.json',
  '.config/gh',
  '.config/glab-cli',
  '.config/git/credentials',
  '.config/gcloud',
  '.config/doctl',
  '.config/op',
  '.config/Bitwarden',
  '.config/google-chrome',
  '.config/chromium',
  '.config/BraveSoftware',
  '.config/microsoft-edge',
  '.config/github-copilot',
  '.config/containers',
  '.config/rclone',
  '.config/Code/User/globalStorage',
  '.config/VSCodium/User/globalStorage',
  '.config/Cursor/User/globalStorage',
  '.local/share/keyrings',
  '.local/share/containers',
  '.local/share/fish/fish_history',
];

/**
 * Sockets through which daemons start processes outside, or are root: the file system being read-only does not keep a process from connecting.
 * In /run are those of systemd, D-Bus, Docker, containerd, and of each user.
 */
const socketFolders = ['/run', '/var/run', '/var/lib/lxd', '/var/lib/incus', '/var/snap/lxd/common/lxd'];

/** Parts of /run that hold no sockets, and that programs need: the addresses of name servers. */
const neededFilesInRun = [
  '/run/systemd/resolve/resolv.conf',
  '/run/systemd/resolve/stub-resolv.conf',
  '/run/NetworkManager/resolv.conf',
  '/run/resolvconf/resolv.conf',
];
/** The same; links to all programs of NixOS. */
const neededLinksInRun = ['/run/current-system', '/run/booted-system', '/run/opengl-driver'];

/**
 * What other programs run by themselves, without isolation: of a folder that may be written to, these stay read-only where they are there, unless
 * they are given by name.
 */
export const protectedNames: readonly string[] = [
  '.git',
  '.vscode',
  '.idea',
  '.devcontainer',
  '.mcp.json',
  '.cursor',
  '.claude',
  '.codex',
  '.github',
  '.husky',
  '.envrc',
];

/** No process is given these to write to, nor what is in them. */
const systemFolders = ['/bin', '/boot', '/dev', '/etc', '/lib', '/lib32', '/lib64', '/proc', '/run', '/sbin', '/sys', '/usr'];
/** Nor these as a whole. */
const systemRoots = ['/', '/home', '/mnt', '/media', '/opt', '/srv', '/var', '/var/lib', '/var/run'];

const privateFolders = ['/tmp', '/var/tmp'];

interface Mount {
  readonly path: string;
  readonly args: readonly string[];
}

/** Share of the machine's memory that a private /tmp may fill. */
const tmpShare = 1 / 4;

/**
 * The arguments that build the file system of an isolated process. Of two mounts, the one with the longer path comes later, so that it counts.
 * `boundsTmp`: whether this bubblewrap has --size.
 * @throws IsolationError that names the folder which cannot be given.
 */
export async function mountsFor(isolation: Isolation, surroundings: IsolationSurroundings, boundsTmp: boolean): Promise<string[]> {
  const { home, hidden } = surroundings;
  const size = boundsTmp ? ['--size', String(Math.floor(totalmem() * tmpShare))] : [];
  const secrets = isolation.secrets === 'hidden' ? await realPaths(secretPaths.map((path) => join(home, path))) : [];
  const sockets = await realPaths([...socketFolders, ...hidden]);
  const concealed = [...sockets, ...secrets];
  const writable = await Promise.all(isolation.write.map((path) => checkWritable(path, isolation, { home, concealed })));
  const temporary = await realPaths(privateFolders);
  const mounts: Mount[] = concealed.map(({ path, isFolder }) => ({
    path,
    args: isFolder ? ['--tmpfs', path] : ['--dev-bind', '/dev/null', path],
  }));
  for (const { path } of temporary)
    mounts.push({ path, args: isolation.tmp === 'private' ? [...size, '--tmpfs', path] : ['--bind', path, path] });
  const emptied = [...concealed.filter(({ isFolder }) => isFolder), ...(isolation.tmp === 'private' ? temporary : [])];
  // What lies in a folder that is emptied is not there any more, unless it is put back.
  const kept = await realPaths([isolation.folder, surroundings.cwd, ...neededFilesInRun]);
  // A workspace in the machine's /tmp is none of what that is shared for.
  const [workspace] = await realPaths([isolation.folder]);
  const isReadOnly = (path: string): boolean => path === workspace?.path && temporary.some((folder) => isBelow(path, folder.path));
  for (const { path } of kept)
    if (isReadOnly(path) || emptied.some((folder) => isBelow(path, folder.path))) mounts.push({ path, args: ['--ro-bind', path, path] });
  for (const path of neededLinksInRun)
    for (const { path: target } of await realPaths([path])) mounts.push({ path, args: ['--symlink', target, path] });
  for (const { path } of await realPaths(writable.flatMap((folder) => protectedNames.map((name) => join(folder, name)))))
    mounts.push({ path, args: ['--ro-bind', path, path] });
  // Behind what is protected: of two at the same path, the last one counts.
  for (const path of writable) mounts.push({ path, args: ['--bind', path, path] });
  const sorted = mounts.toSorted((a, b) => depthOf(a.path) - depthOf(b.path));
  const closed = concealed.filter(({ isFolder }) => isFolder).map(({ path }) => ['--remount-ro', path]);
  return [
    ...['--ro-bind', '/', '/', '--dev', '/dev', ...size, '--tmpfs', '/dev/shm', '--remount-ro', '/dev', '--proc', '/proc'],
    ...sorted.flatMap(({ args }) => args),
    ...closed.flat(),
  ];
}

interface RealPath {
  readonly path: string;
  readonly isFolder: boolean;
}

/** Those that are there, each once, with symbolic links followed. */
async function realPaths(paths: readonly string[]): Promise<RealPath[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      try {
        const real = await realpath(path);
        return { path: real, isFolder: (await lstat(real)).isDirectory() };
      } catch {
        return undefined; // It is not there, or this user cannot get at it: an isolated process cannot either.
      }
    }),
  );
  return [...new Map(found.flatMap((one) => (one ? [[one.path, one] as const] : []))).values()];
}

/**
 * The folder itself, with links followed.
 * @throws IsolationError where it is none, or none that an isolated process may have.
 */
async function checkWritable(
  written: string,
  { folder }: Isolation,
  { home, concealed }: { readonly home: string; readonly concealed: readonly RealPath[] },
): Promise<string> {
  const refuse = (why: string, advice: string): never => {
    throw new IsolationError(`An isolated process cannot be given ${written} to write to: ${why}. ${advice} Nothing was started.`);
  };
  const real = await realpath(written).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? refuse('it does not exist', 'Create the folder first.') : refuse(error.message, 'Name another folder.'),
  );
  if (!(await lstat(real)).isDirectory()) refuse('it is not a folder', 'Name the folder that it is in.');
  const workspace = await realpath(folder).catch(() => folder);
  // A link in the workspace may be the work of what ran in it before.
  if (isWithin(written, folder) && !isWithin(real, workspace))
    refuse(`it is a link out of ${folder}, to ${real}`, 'If that is meant, name the folder that it leads to.');
  const realHome = await realpath(home).catch(() => home);
  if (real === realHome || isBelow(realHome, real))
    refuse('what your shell and your programs run when they start is in it', 'Name a folder in it.');
  if (systemRoots.includes(real) || systemFolders.some((system) => isWithin(real, system)))
    refuse('it is a part of the system', 'Name another folder.');
  if (concealed.some(({ path }) => isWithin(real, path))) refuse('it is hidden from isolated processes', 'Name another folder.');
  return real;
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`);
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || isBelow(path, folder);
}

function depthOf(path: string): number {
  return path.split(sep).length;
}
