/** A project with real programs: PostgreSQL, Redis, a migration, an API, workers and Vite. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectPackagesFolder } from '../../src/build/projectPackages.ts';
import { isInPath } from './run.ts';

/** Where Debian has the programs of PostgreSQL that are not for users. */
const debian = '/usr/lib/postgresql';
const versions = existsSync(debian) ? readdirSync(debian).sort() : [];
/** With the programs of PostgreSQL. */
export const projectPath = [process.env['PATH'], ...versions.map((version) => join(debian, version, 'bin'))].join(':');
const isRoot = process.getuid?.() === 0;
const hasPostgres = projectPath.split(':').some((folder) => existsSync(join(folder, 'postgres')));
const hasPrograms = hasPostgres && isInPath('redis-server');
const canBeOther = !isRoot || spawnSync('id', ['-u', 'postgres']).status === 0;
const fixture = fileURLToPath(new URL('../fixtures/realProject', import.meta.url));

/** PostgreSQL does not run as root: there, it is another user, by a file beside that of the team. */
function asOtherUser(folder: string): object {
  const other = ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'];
  const data = join(folder, 'data');
  const init = `mkdir -p data && chown postgres data && cd / && ${other.join(' ')} initdb -D ${data} -U app -A trust --no-sync`;
  return {
    processes: {
      init: { command: `test -e data/PG_VERSION || (${init})` },
      db: { command: [...other, 'postgres', '-D', data, '-h', '127.0.0.1', '-p', '${port:db}', '-k', ''] },
    },
  };
}

/** Copies the project into a folder; `parent`: the folder above, which the user of the database must be able to enter. */
export function writeProject(folder: string, parent: string): void {
  cpSync(fixture, folder, { recursive: true });
  mkdirSync(join(folder, '.vscode'));
  renameSync(join(folder, 'processes.jsonc'), join(folder, '.vscode', 'processes.json'));
  // Vite writes beside the packages.
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(projectPackagesFolder, 'node_modules')))
    symlinkSync(join(projectPackagesFolder, 'node_modules', name), join(modules, name));
  if (!isRoot) return;
  chmodSync(parent, 0o711);
  writeFileSync(join(folder, '.vscode', 'processes.local.json'), JSON.stringify(asOtherUser(folder)));
}

/** False where it can run here. */
export const projectSkipReason = !hasPrograms || !canBeOther ? 'PostgreSQL or Redis is not installed' : false;
