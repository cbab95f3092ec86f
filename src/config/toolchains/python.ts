/** The Python environment of a process: which one is meant, and what makes a process run in it. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CannotStartError, isExecutable } from '../../command/executable.ts';
import { pathIn } from '../pathIn.ts';
import type { PythonEnvironment, Toolchain, ToolchainContext } from './toolchain.ts';

/** The value that means the selected environment. */
export const selectedPython = 'selected';

/** Names that virtual environments of a project usually have, the first one found counts. */
const usualNames = ['.venv', 'venv'];

/** @throws CannotStartError where there is no such environment. */
export async function pythonToolchain(written: string, context: ToolchainContext): Promise<Toolchain> {
  if (written !== selectedPython) {
    const folder = pathIn(context.folder, written);
    const bins = binsOf(folder, context);
    if (bins.length > 0) return toolchain({ folder, isConda: isConda(folder) }, bins);
    throw new CannotStartError(`python: ${folder} is no Python environment: it has no interpreter in bin or Scripts that can be run.`);
  }
  const selected = await context.selectedPython?.();
  if (selected) return toolchain(selected, selected.bin === undefined ? binsOf(selected.folder, context) : [selected.bin]);
  const active = context.env['VIRTUAL_ENV'] || context.env['CONDA_PREFIX'];
  const candidates = [...(active ? [active] : []), ...context.folders.flatMap((folder) => usualNames.map((name) => join(folder, name)))];
  for (const folder of candidates) {
    const bins = binsOf(folder, context);
    if (bins.length > 0) return toolchain({ folder, isConda: isConda(folder) }, bins);
  }
  throw new CannotStartError(
    `python: no environment is selected or active, and there is none in ${candidates.join(', ')}. Create one with: python3 -m venv .venv`,
  );
}

function toolchain({ folder, isConda }: PythonEnvironment, bins: readonly string[]): Toolchain {
  const virtual = existsSync(join(folder, 'pyvenv.cfg')) ? { VIRTUAL_ENV: folder } : {};
  const own = isConda ? { CONDA_PREFIX: folder, CONDA_DEFAULT_ENV: basename(folder) } : virtual;
  // As the activation scripts of environments do it: this would have the interpreter look for its library elsewhere.
  return { name: 'python', bins, env: { ...own, PYTHONHOME: null }, place: folder };
}

function isConda(folder: string): boolean {
  return existsSync(join(folder, 'conda-meta'));
}

/** Where its programs are; none where it is no environment, or has no interpreter that runs: another one of PATH would run instead. On Windows, those of Conda are in several folders. */
function binsOf(folder: string, { onFile }: ToolchainContext): string[] {
  const candidates = [
    { interpreter: join('bin', 'python'), bins: ['bin'] },
    { interpreter: join('Scripts', 'python.exe'), bins: ['Scripts'] },
    { interpreter: 'python.exe', bins: ['', join('Library', 'bin'), 'Scripts'] },
  ];
  for (const { interpreter } of candidates.slice(0, 2)) onFile?.(join(folder, interpreter));
  const found = candidates.find(({ interpreter }) => isExecutable(join(folder, interpreter)));
  return found?.bins.map((bin) => join(folder, bin)) ?? [];
}
