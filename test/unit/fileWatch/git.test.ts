/** What git ignores and does, by its own files; compared with git itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gitActivityIn } from '../../../src/fileWatch/gitActivity.ts';
import { GitIgnore } from '../../../src/fileWatch/gitIgnore.ts';

function git(folder: string, ...args: readonly string[]): string {
  const config = ['-c', 'user.name=t', '-c', 'user.email=t@t', '-c', 'init.defaultBranch=main'];
  return spawnSync('git', [...config, ...args], { cwd: folder, encoding: 'utf8' }).stdout;
}

describe('in a repository', () => {
  let folder: string;
  const write = (path: string, text = ''): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tree-warden-git-'));
    git(folder, 'init', '-q');
  });
  after(() => rmSync(folder, { recursive: true }));

  it('ignores what git does, by all files of rules on the way', () => {
    write('.gitignore', '*.log\n/dist/\nbuild/\n!keep.log\n# *.ts\n');
    write('packages/a/.gitignore', 'out/*\n!out/kept.js\n!special.log\n');
    write('.git/info/exclude', 'private\n');
    const paths = ['a.ts', 'a.log', 'keep.log', 'dist/x', 'packages/dist/x', 'build/keep.log', 'packages/a/build/y', 'packages/a/out/x.js'];
    paths.push('packages/a/out/kept.js', 'packages/a/special.log', 'packages/a/other.log', 'private', 'packages/private/z');
    for (const path of paths) write(path);
    const rules = new GitIgnore(join(folder, 'packages'));
    const { stdout } = spawnSync('git', ['check-ignore', ...paths], { cwd: folder, encoding: 'utf8' });
    assert.deepEqual(
      paths.filter((path) => rules.ignores(join(folder, path), false)),
      stdout.trim().split('\n'),
    );
    assert.equal(rules.ignores(join(folder, 'dist'), true), true);
    assert.equal(rules.ignores(folder, true), false);
  });

  it('knows what git is in the middle of', () => {
    rmSync(join(folder, '.gitignore'));
    write('f', 'one\n');
    git(folder, 'add', '-A');
    git(folder, 'commit', '-qm', 'one');
    assert.equal(gitActivityIn(join(folder, 'packages/a')), undefined);
    git(folder, 'checkout', '-qb', 'other');
    write('f', 'two\n');
    git(folder, 'commit', '-qam', 'two');
    git(folder, 'checkout', '-q', 'main');
    write('f', 'three\n');
    git(folder, 'commit', '-qam', 'three');
    const during = (...args: readonly string[]): (string | undefined)[] => {
      git(folder, ...args);
      const activity = gitActivityIn(folder);
      git(folder, args[0] ?? '', '--abort');
      return [activity, gitActivityIn(folder)];
    };
    assert.deepEqual(during('merge', 'other'), ['merge', undefined]);
    assert.deepEqual(during('rebase', 'other'), ['rebase', undefined]);
    assert.deepEqual(during('cherry-pick', 'other'), ['cherry-pick', undefined]);
    git(folder, 'worktree', 'add', '-q', 'linked', 'other');
    write('.git/worktrees/linked/index.lock');
    assert.deepEqual([gitActivityIn(join(folder, 'linked')), gitActivityIn(folder)], ['index', undefined]);
  });

  it('knows nothing of a folder that is in none', () => assert.equal(gitActivityIn('/'), undefined));

  it('reads no pipe in the place of its files, which would wait for a writer', { skip: process.platform === 'win32' }, () => {
    const place = mkdtempSync(join(tmpdir(), 'tree-warden-git-'));
    try {
      for (const name of ['.git', '.gitignore']) assert.equal(spawnSync('mkfifo', [join(place, name)]).status, 0);
      assert.equal(gitActivityIn(place), undefined);
      assert.equal(new GitIgnore(place).ignores(join(place, 'a.ts'), false), false);
    } finally {
      rmSync(place, { recursive: true });
    }
  });
});
