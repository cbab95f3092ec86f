import { join } from 'node:path';
import type { TreeId } from '../../protocol/identity.ts';
import type { LogRotation } from '../../protocol/logRotation.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';
import { LogFile } from './logFile.ts';

export interface TreeLogsParts {
  readonly logFolder: string;
  /** The log of this tree cannot be written; called once a tree. */
  onFailure(tree: TreeId, name: string, error: Error): void;
}

/** Where the trees' output is kept on disk. */
export class TreeLogs {
  readonly #parts: TreeLogsParts;
  readonly #files = new Set<LogFile>();

  constructor(parts: TreeLogsParts) {
    this.#parts = parts;
  }

  /**
   * A file for all of its output; only the path where it writes there by itself (`before`: where it has done so until now), and
   * nothing where its output belongs to another process.
   */
  logFor(id: TreeId, { stdio, name, log }: Pick<StartRequest, 'stdio' | 'name' | 'log'>, before?: string): LogFile | string | undefined {
    switch (stdio) {
      case 'inherit':
        return undefined;
      case 'file':
        return before ?? this.#pathFor(id, name);
      default:
        return this.#open(id, name, log);
    }
  }

  /** Resolves when all output so far is on its way to the disk. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#files, (file) => file.close()));
  }

  #pathFor(id: TreeId, name: string): string {
    return join(this.#parts.logFolder, `${asFileName(name)}-${id.slice(0, 8)}.log`);
  }

  #open(id: TreeId, name: string, rotation?: LogRotation): LogFile {
    const file = new LogFile(this.#pathFor(id, name), (error) => this.#parts.onFailure(id, name, error), rotation);
    for (const other of this.#files) if (other.isClosed) this.#files.delete(other);
    this.#files.add(file);
    return file;
  }
}

/** File systems count bytes, and 143 are the least that any has; the id and what a turned-over log adds are to fit, too. */
const maxNameBytes = 100;

/** Letters of any language, in whole characters. */
function asFileName(name: string): string {
  let safe = '';
  for (const character of name.replaceAll(/[^\p{L}\p{M}\p{N}_.-]+/gu, '_')) {
    if (Buffer.byteLength(safe + character) > maxNameBytes) break;
    safe += character;
  }
  return safe;
}
