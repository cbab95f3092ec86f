import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { repositoryOf } from './gitActivity.ts';

/** Maximum size of a file of rules, in bytes, and number of its rules; each becomes a regular expression. */
const maxBytes = 256 * 1024;
const maxRules = 2000;

/**
 * What git ignores in a folder and below, by the .gitignore files from the top of its repository down, and `.git/info/exclude`. Each is read once: where one has changed,
 * another of these is needed.
 */
export class GitIgnore {
  readonly #top: string;
  readonly #rules = new Map<string, Ignore | undefined>();
  readonly #ignoredFolders = new Map<string, boolean>();

  /** @param folder Absolute. Where it is in no repository, the .gitignore files in it count all the same. */
  constructor(folder: string) {
    this.#top = repositoryOf(folder) ?? folder;
  }

  /** @param path Absolute, at or below the folder. */
  ignores(path: string, isFolder: boolean): boolean {
    if (path === this.#top || !path.startsWith(`${this.#top}${sep}`)) return false;
    // What is in an ignored folder is ignored, whatever rules say of it (gitignore(5)).
    if (!isFolder) return this.ignores(dirname(path), true) || this.#isRuledOut(path, false);
    const known = this.#ignoredFolders.get(path);
    if (known !== undefined) return known;
    const isIgnored = this.ignores(dirname(path), true) || this.#isRuledOut(path, true);
    this.#ignoredFolders.set(path, isIgnored);
    return isIgnored;
  }

  /** The rules of the nearest folder that says something of it count. */
  #isRuledOut(path: string, isFolder: boolean): boolean {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const isTop = folder === this.#top;
      const below = relative(folder, path).split(sep).join('/');
      for (const file of isTop ? ['.gitignore', '.git/info/exclude'] : ['.gitignore']) {
        const verdict = this.#rulesIn(join(folder, file))?.test(isFolder ? `${below}/` : below);
        if (verdict?.ignored) return true;
        if (verdict?.unignored) return false;
      }
      if (isTop) return false;
    }
  }

  #rulesIn(file: string): Ignore | undefined {
    if (!this.#rules.has(file)) this.#rules.set(file, readRules(file));
    return this.#rules.get(file);
  }
}

/** Whether it is one of the files that say what is ignored. */
export function isIgnoreFile(path: string): boolean {
  return basename(path) === '.gitignore';
}

function readRules(file: string): Ignore | undefined {
  try {
    const stats = statSync(file);
    // To read a pipe would wait for its writer.
    if (!stats.isFile() || stats.size > maxBytes) return undefined;
    return ignore().add(readFileSync(file, 'utf8').split(/\r?\n/).slice(0, maxRules));
  } catch {
    return undefined;
  }
}
