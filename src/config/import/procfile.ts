/** A Procfile: `NAME: COMMAND` in each line; Procfile.dev is the one for development. */
import { parseEnvFile } from '../env/envFile.ts';
import type { Discoverer, ProjectFolder } from './foundTask.ts';

/** Between the ports of two processes, where the first one is given. */
const portStep = 100;
const maxPort = 65_535;

export const procfile: Discoverer = {
  kind: 'Procfile',
  files: ['Procfile.dev', 'Procfile'],
  isNested: false,
  startsAll: true,
  find: (text, folder) => {
    const entries = text.split(/\r?\n/).flatMap((written, line) => {
      const [, label, command] = written.match(/^([A-Za-z0-9_-]+):\s*(\S.*)$/) ?? [];
      return label && command ? [{ label, command, line }] : [];
    });
    const firstPort = portIn(folder);
    return entries.map((entry, index) => {
      const port = firstPort === undefined ? undefined : firstPort + index * portStep;
      // What Heroku runs once before a release is no process to develop with.
      const task = { ...entry, likely: entry.label !== 'release' };
      return port === undefined || port > maxPort ? { ...task, takesPort: true } : { ...task, env: { PORT: String(port) } };
    });
  },
};

/**
 * The port of the first process, where the folder's `.env` has one: as foreman, honcho and `heroku local` count, each further line of the file gets
 * 100 more. Where none is given, they begin with 5000, also where another process has it; then each process gets a port that is free.
 */
function portIn(folder: ProjectFolder): number | undefined {
  const text = folder.read('.env');
  if (text === undefined) return undefined;
  try {
    const port = Number(parseEnvFile(text, () => undefined).get('PORT') || Number.NaN);
    return Number.isInteger(port) && port > 0 && port <= maxPort ? port : undefined;
  } catch {
    return undefined;
  }
}
