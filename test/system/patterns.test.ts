/** Patterns of users while the processes that they are for print what they are worst at: the warden does its work all the same. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { eventually, Run } from '../support/run.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const aas = 'a'.repeat(36);
/** What each of them prints has no match, and is as bad as can be for the pattern. */
const worst: readonly [string, string, string][] = [
  ['one bad line', '^(a+)+$', `echo ${aas}X; exec sleep 1000`],
  ['bad lines without end', '^(a+)+$', `exec yes ${aas}X`],
  ['nested repetition', '(x+x+)+y', 'exec yes xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'],
  ['a line without end', '(.*,){20}[^,]', 'exec tr "\\0" , < /dev/zero'],
  ['a large automaton', '(a|b)*a(a|b){300}$', 'exec yes abababababababababababababababababababababab'],
];

function probe(pattern: string) {
  return {
    check: { by: 'log', pattern } as const,
    delayMillis: 0,
    periodMillis: 100,
    timeoutMillis: 1000,
    failureThreshold: 1e6,
    successThreshold: 1,
  };
}

describe('a pattern that takes for ever in other engines', () => {
  it('leaves no process of any tree behind when the owner is killed meanwhile', async () => {
    await using run = new Run();
    mkdirSync(join(run.workFolder, '.vscode'));
    const bad = worst.map(([name, log, command]) => [name.replaceAll(' ', '-'), { command, pty: false, ready: { log } }] as const);
    const processes = { ...Object.fromEntries(bad), neighbour: { command: 'exec sleep 1000', pty: false } };
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
    const owner = run.start(['up']);
    await eventually('all of them run', () => run.ps().filter(({ leader }) => leader).length === worst.length + 1);
    const began = performance.now();
    process.kill(owner.pid, 'SIGKILL');
    await eventually('all have ended', async () => (await survivorsAfterLooking(run.folder)).length === 0, 10_000);
    console.log(`  no process is left after ${Math.round(performance.now() - began)} ms`);
  });

  it('leaves the warden free to answer and to stop', async () => {
    await using warden = await TestWarden.start();
    const trees = [];
    for (const [name, pattern, command] of worst)
      trees.push(await warden.startShell(command, { name, ready: probe(pattern), alive: { ...probe(pattern), delayMillis: 50 } }));
    let longest = 0;
    for (let count = 0; count < 20; count++) {
      const began = performance.now();
      await warden.client.list();
      longest = Math.max(longest, performance.now() - began);
    }
    console.log(`  longest answer: ${Math.round(longest)} ms`);
    for (const { id } of trees) assert.match((await warden.stop(id)).state, /killed|exited/);
  });

  it('is refused where it cannot be searched for, before anything is started', async () => {
    await using warden = await TestWarden.start();
    await assert.rejects(
      warden.startShell('sleep 100', { ready: probe('(?=x)y') }),
      /cannot be looked for in its output: it has a lookahead/,
    );
    await assert.rejects(warden.startShell('sleep 100', { alive: probe('(') }), /must be a regular expression/);
    const { state } = await warden.startShell('sleep 100');
    assert.equal(state, 'ready');
  });

  it('is found behind more output than can be searched in time', async () => {
    await using warden = await TestWarden.start();
    // What comes while too much waits is skipped, and on a busy machine too much waits for longer.
    const { id } = await warden.startShell('head -c 60000000 /dev/zero | tr "\\0" x; echo; while :; do sleep 0.2; echo now; done', {
      ready: probe('^now$'),
    });
    await eventually('it is ready', async () => (await warden.tree(id)).state === 'ready');
  });
});
