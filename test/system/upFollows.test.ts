/** `up` reads its files again when they change. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { linesOf, service } from '../support/declared.ts';
import { eventually, exitOf, Run } from '../support/run.ts';

/** As editors do that write a new file and rename it. */
function save(run: Run, name: string, content: object | string): void {
  const path = join(run.workFolder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, typeof content === 'string' ? content : JSON.stringify(content, undefined, 1));
  renameSync(`${path}.new`, path);
}

const declare = (run: Run, processes: object, others: object = {}): void => save(run, '.vscode/processes.json', { ...others, processes });

/** An `up` in the foreground, and what it has said so far. */
class Up {
  said = '';
  readonly #child: ReturnType<Run['start']>;

  constructor(run: Run, args: readonly string[] = []) {
    this.#child = run.start(['up', ...args]);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (chunk: Buffer) => this.#add(chunk));
  }

  #add(chunk: Buffer): void {
    this.said += chunk.toString();
  }

  async says(pattern: RegExp): Promise<void> {
    await eventually(`up says ${pattern}`, () => pattern.test(this.said)).catch((error: Error) => {
      throw new Error(`${error.message}; it has said:\n${this.said}`);
    });
  }

  async end(): Promise<number | null> {
    this.#child.kill('SIGTERM');
    return await exitOf(this.#child);
  }
}

const leaders = (run: Run): Record<string, number> => Object.fromEntries(run.ps().map(({ name, leader }) => [name, leader.pid]));

const idle = (text = ''): object => ({ command: `echo run ${text}; exec sleep 1000`, pty: false });

describe('up', { concurrency: 2 }, () => {
  it('starts what is new in its file, has restarts apply what has changed, and lets run what is gone', async () => {
    await using run = new Run();
    save(run, '.env', 'WHO=first');
    const web = { ...idle('$WHO'), envFile: '.env' };
    declare(run, { web, old: idle(), same: idle() });
    const up = new Up(run);
    await up.says(/^web +\| run first$/m);
    await eventually('all run', () => Object.keys(leaders(run)).length === 3);
    const before = leaders(run);
    declare(run, { web, same: idle(), fresh: idle('fresh') });
    await up.says(/^fresh \| run fresh$/m);
    // What it says and what it prints are two streams.
    await up.says(
      /^tree-warden: processes\.json, or a file that belongs to it, has changed\.\n {2}new: fresh\n {2}no longer declared: old; what runs goes on/m,
    );
    save(run, '.env', 'WHO=second');
    await up.says(/^ {2}changed: web; tree-warden restart web applies it$/m);
    const { fresh, ...others } = leaders(run);
    assert.ok(fresh);
    assert.deepEqual(others, before);
    assert.equal(run.call(['restart', 'web']).code, 0);
    await up.says(/^web +\| run second$/m);
    assert.equal(await up.end(), 0);
  });

  it('--apply-changes restarts what has changed, and stops what is gone, dependents first', async () => {
    await using run = new Run();
    const db = { command: service('db'), pty: false };
    const both = { db, api: { command: service('api'), dependsOn: { db: 'started' }, pty: false } };
    declare(run, { ...both, web: idle('first'), same: idle() });
    const up = new Up(run, ['--apply-changes']);
    await up.says(/^web +\| run first$/m);
    await eventually('all run', () => linesOf(run, 'starts').length === 2 && Object.keys(leaders(run)).length === 4);
    const { same } = leaders(run);
    declare(run, { web: idle('second'), same: idle() });
    await up.says(/^web +\| run second$/m);
    await up.says(/^ {2}changed: web; restarted\n {2}no longer declared: db, api; stopped$/m);
    assert.deepEqual(linesOf(run, 'ends'), ['api', 'db']);
    assert.deepEqual(Object.keys(leaders(run)).sort(), ['same', 'web']);
    assert.equal(leaders(run)['same'], same);
    assert.equal(await up.end(), 0);
  });

  it('tells the place of a mistake, also in a file that is included by then, and goes by the last good files', async () => {
    await using run = new Run();
    declare(run, { web: idle('first') });
    const up = new Up(run);
    await up.says(/^web \| run first$/m);
    declare(run, { web: idle('second') }, { include: ['more.json'] });
    await up.says(
      /^tree-warden: The files have changed, and what they declared before still counts:\n.*processes\.json:\d+:\d+: include\.0: cannot read/m,
    );
    save(run, 'more.json', '{ "processes": { "more": { "command": 5 } } }');
    await up.says(/more\.json:1:\d+: processes\.more\.command: must be/);
    const { web } = leaders(run);
    assert.equal(run.call(['restart', 'web']).code, 0);
    await up.says(/run first.*run first/s);
    save(run, 'more.json', { processes: { more: idle('more') } });
    await up.says(/^more +\| run more$/m);
    await up.says(/^ {2}changed: web; tree-warden restart web applies it$/m);
    assert.notEqual(leaders(run)['web'], web);
    rmSync(join(run.workFolder, '.vscode'), { recursive: true });
    await up.says(/processes\.json is gone\./);
    declare(run, { web: idle('second') }, { include: ['more.json'] });
    await up.says(/The files can be read again, and declare what they did before\./);
    assert.equal(await up.end(), 0);
  });

  it('of named processes starts none that is new, and a new dependency with its restart', async () => {
    await using run = new Run();
    declare(run, { web: idle('web'), other: idle() });
    const up = new Up(run, ['web']);
    await up.says(/^web \| run web$/m);
    declare(run, { web: { ...idle('web'), dependsOn: { db: 'started' } }, db: idle('db'), other: idle(), third: idle() });
    await up.says(/^ {2}new: db\n {2}changed: web$/m);
    assert.deepEqual(Object.keys(leaders(run)), ['web']);
    assert.equal(run.call(['restart', 'web']).code, 0);
    await up.says(/^db +\| run db$/m);
    assert.deepEqual(Object.keys(leaders(run)).sort(), ['db', 'web']);
    assert.equal(await up.end(), 0);
  });

  it('--no-follow reads nothing again', async () => {
    await using run = new Run();
    declare(run, { web: idle('first') });
    const up = new Up(run, ['--no-follow']);
    await up.says(/run first/);
    // Another one that follows shows when the files were seen to have changed.
    const following = new Up(run);
    await following.says(/run first/);
    declare(run, { web: idle('first'), more: idle('more') });
    await following.says(/run more/);
    declare(run, { web: idle('first'), more: idle('again') });
    await following.says(/changed: more/);
    assert.doesNotMatch(up.said, /more|changed/);
    assert.deepEqual([await following.end(), await up.end()], [0, 0]);
  });

  it('starts nothing that needs an answer, and says so', async () => {
    await using run = new Run();
    declare(run, { web: idle('first') });
    const up = new Up(run);
    await up.says(/run first/);
    const inputs = [{ id: 'who', type: 'promptString', description: 'Who?' }];
    declare(run, { web: idle('first'), ask: idle('${input:who}'), plain: idle('plain') }, { inputs });
    await up.says(/^plain \| run plain$/m);
    await up.says(
      /^tree-warden: 'ask' cannot be started: the input 'who' has no value\. Set it in the environment: TREE_WARDEN_INPUT_who\.$/m,
    );
    assert.deepEqual(Object.keys(leaders(run)).sort(), ['plain', 'web']);
    assert.equal(await up.end(), 0);
  });
});
