/** The systems that tasks of VS Code tell apart, by the names that they have there. */
export type OperatingSystem = 'linux' | 'osx' | 'windows';

/** The system that this program runs on; another Unix counts as Linux, as it does in VS Code. */
export function operatingSystem(): OperatingSystem {
  if (process.platform === 'win32') return 'windows';
  return process.platform === 'darwin' ? 'osx' : 'linux';
}
