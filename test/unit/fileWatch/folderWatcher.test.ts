/** What is told of real folders and files. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FolderWatcher } from '../../../src/fileWatch/folderWatcher.ts';
import { GlobSet } from '../../../src/protocol/globs.ts';
import { eventually } from '../../support/run.ts';

/** The kernel has told all that it will, and the watcher has heard it: by turns of the event loop, as one long pause may be over before any of them. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 15; turn++) await sleep(10);
}

class Watched implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'tree-warden-watched-'));
  readonly changed = new Set<string>();
  /** Found at the beginning, with the time of its last change. */
  readonly found = new Map<string, number>();
  rules = 0;
  failed: string[] = [];
  #watcher: FolderWatcher | undefined;

  at(path: string): string {
    return join(this.folder, path);
  }

  write(path: string, text = 'x'): void {
    mkdirSync(dirname(this.at(path)), { recursive: true });
    writeFileSync(this.at(path), text);
  }

  /** Resolves when all is read that is there. */
  async begin(patterns: readonly string[], excluded: readonly string[] = []): Promise<void> {
    const globs = new GlobSet(patterns);
    this.#watcher = new FolderWatcher({
      folder: this.folder,
      excluded: excluded.map((path) => this.at(path)),
      isWanted: (path, isFolder) => (isFolder ? globs.mayMatchBelow(path) : globs.matches(path)),
      onChange: (path, changedAt) => {
        if (changedAt === undefined) this.changed.add(path);
        else this.found.set(path, changedAt);
      },
      onRulesChange: () => this.rules++,
      onFailed: (problem) => this.failed.push(String(problem)),
    });
    await eventually('all is read', () => this.#watcher?.hasReadAll || this.failed.length > 0);
    await quiet();
  }

  /** Exactly these have changed since the last time. */
  async tells(...paths: readonly string[]): Promise<void> {
    await eventually(`it tells ${paths.join(', ')}`, () => paths.every((path) => this.changed.has(path)));
    await quiet();
    assert.deepEqual([...this.changed].sort(), [...paths].sort());
    this.changed.clear();
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    rmSync(this.folder, { recursive: true });
  }
}

describe('a watched folder', () => {
  it('tells files that are made, changed, replaced and deleted', async () => {
    using watched = new Watched();
    watched.write('src/a.ts');
    await watched.begin(['src/**']);
    watched.write('src/b.ts');
    await watched.tells('src/b.ts');
    appendFileSync(watched.at('src/a.ts'), 'y');
    await watched.tells('src/a.ts');
    // As editors save.
    watched.write('src/.a.ts.swp', 'z');
    renameSync(watched.at('src/.a.ts.swp'), watched.at('src/a.ts'));
    await watched.tells('src/a.ts');
    renameSync(watched.at('src/a.ts'), watched.at('src/c.ts'));
    await watched.tells('src/a.ts', 'src/c.ts');
    unlinkSync(watched.at('src/b.ts'));
    await watched.tells('src/b.ts');
  });

  it('tells what is in folders that come with folders in them, from their first moment on', async () => {
    using watched = new Watched();
    watched.write('elsewhere/q/r/moved.ts');
    await watched.begin(['src']);
    for (let count = 0; count < 100; count++) watched.write(`src/a/${count % 20}/c/${count}.ts`);
    await watched.tells(...Array.from({ length: 100 }, (_, count) => `src/a/${count % 20}/c/${count}.ts`));
    renameSync(watched.at('elsewhere/q'), watched.at('src/q'));
    await watched.tells('src/q/r/moved.ts');
    appendFileSync(watched.at('src/q/r/moved.ts'), 'y');
    await watched.tells('src/q/r/moved.ts');
  });

  it('tells what was in a folder that is gone, and goes on with the one that takes its name', async () => {
    using watched = new Watched();
    watched.write('src/in/a.ts');
    watched.write('next/in/b.ts');
    await watched.begin(['src/**/*.ts']);
    renameSync(watched.at('src'), watched.at('away'));
    await watched.tells('src/in/a.ts');
    appendFileSync(watched.at('away/in/a.ts'), 'y');
    renameSync(watched.at('next'), watched.at('src'));
    await watched.tells('src/in/b.ts');
    // Without a moment in between for the watcher.
    for (let count = 0; count < 20; count++) {
      rmSync(watched.at('src'), { recursive: true });
      watched.write('src/in/c.ts');
    }
    await watched.tells('src/in/b.ts', 'src/in/c.ts');
    appendFileSync(watched.at('src/in/c.ts'), 'y');
    await watched.tells('src/in/c.ts');
  });

  it('tells nothing of other files, of attributes, and of what links lead to', async () => {
    using watched = new Watched();
    for (const path of ['src/a.ts', 'src/a.js', 'out/b.ts', 'src/.git/c.ts', 'src/node_modules/d.ts', 'src/logs/e.ts', 'target/f.ts'])
      watched.write(path);
    watched.write('.gitignore', 'ignored\n');
    watched.write('src/ignored/g.ts');
    symlinkSync(watched.at('target'), watched.at('src/link'));
    await watched.begin(['src/**/*.ts'], ['src/logs']);
    assert.deepEqual([...watched.found.keys()], ['src/a.ts']);
    assert.ok(Math.abs((watched.found.get('src/a.ts') ?? 0) - Date.now()) < 10_000);
    for (const path of [
      'src/a.js',
      'out/b.ts',
      'src/.git/c.ts',
      'src/node_modules/d.ts',
      'src/logs/e.ts',
      'target/f.ts',
      'src/ignored/g.ts',
    ])
      appendFileSync(watched.at(path), 'y');
    chmodSync(watched.at('src/a.ts'), 0o600);
    linkSync(watched.at('src/a.ts'), watched.at('out/hard'));
    watched.write('src/short.ts');
    unlinkSync(watched.at('src/short.ts'));
    await quiet();
    watched.changed.delete('src/short.ts');
    assert.deepEqual([...watched.changed], []);
    watched.write('src/.gitignore', '*.ts');
    await eventually('rules have changed', () => watched.rules > 0);
    assert.deepEqual(watched.failed, []);
  });
});
