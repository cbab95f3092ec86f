import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, it } from 'node:test';
import { withWorktrees } from '../../../src/leftBehind/worktrees.ts';

describe('the folders that are looked for', () => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'tw-worktrees-')));
  after(() => rmSync(base, { recursive: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  };
  const at = (name: string): string => join(base, name);

  it('are those that were given, by their real paths', () => {
    mkdirSync(at('plain'));
    symlinkSync(at('plain'), at('link'));
    assert.deepEqual(withWorktrees([at('link'), at('plain'), at('missing')]), [at('plain'), at('missing')]);
  });

  it('are never those that any program may run in', () => {
    assert.deepEqual(withWorktrees(['/', '/tmp', at('home'), base, dirname(base), at('home/shop')], at('home')), [at('home/shop')]);
  });

  it('include the worktrees of a repository, whatever its files say', () => {
    write('main/.git/worktrees/a/gitdir', `${at('a')}/.git\n`);
    write('main/.git/worktrees/gone/gitdir', `${at('gone')}/.git\n`);
    write('main/.git/worktrees/relative/gitdir', '../../../../relative/.git\n');
    write('main/.git/worktrees/odd/gitdir', '/etc/passwd\n');
    write('main/.git/worktrees/large/gitdir', `${'x'.repeat(10_000)}/.git\n`);
    write('main/.git/worktrees/root/gitdir', '/.git\n');
    mkdirSync(at('main/.git/worktrees/empty'));
    write('main/.git/worktrees/a/commondir', '../..\n');
    write('a/.git', `gitdir: ${at('main')}/.git/worktrees/a\n`);
    mkdirSync(at('main/packages/web'), { recursive: true });
    const linked = [at('a'), at('gone'), at('relative')];
    assert.deepEqual(withWorktrees([at('main')]).sort(), [...linked, at('main')].sort());
    assert.deepEqual(withWorktrees([at('main/packages/web')]).sort(), [...linked, at('main/packages/web')].sort());
    assert.deepEqual(withWorktrees([at('a')]).sort(), [...linked, at('main')].sort());
  });

  it('are no others where the file of a worktree is of no use', () => {
    write('broken/.git', 'nothing of git');
    write('lost/.git', `gitdir: ${at('nowhere')}\n`);
    assert.deepEqual(withWorktrees([at('broken'), at('lost')]), [at('broken'), at('lost')]);
  });
});
