/** The lines in a task's terminal, and the problem matcher that waits for them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { markersOf, TaskMarkers } from '../../../src/extension/taskMarkers.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { TreeState } from '../../../src/protocol/snapshot.ts';

const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
  contributes: {
    problemMatchers: [{ pattern: { regexp: string; file: number; line: number; message: number }; background: Record<string, string> }];
  };
};
const [{ pattern, background }] = manifest.contributes.problemMatchers;
const place = '.vscode/processes.json:12';

type Step = TreeState | 'next' | 'a healthy daemon';

/** What is said of a task whose trees go through these states; `next` stands for one that takes the place of the last. */
function saidOf(steps: readonly Step[]): string[] {
  const said: string[] = [];
  const markers = new TaskMarkers('web', place, { say: (line) => said.push(line), reached: () => undefined });
  let id = 1;
  for (const state of steps) {
    if (state === 'next') id++;
    else {
      const isDaemon = state === 'a healthy daemon';
      const reached = isDaemon ? 'exited' : state;
      const health = isDaemon ? 'healthy' : 'unknown';
      markers.follow({ id: `${id}` as TreeId, name: 'web', state: reached, health, reason: 'exited with code 3' });
    }
  }
  return said.map((line) => line.replace(/^Tree Warden: /, ''));
}

const starting = 'web is starting.';
const ready = 'web is ready.';
const failed = [`${place}: web has failed: exited with code 3`, 'web is not ready.'];

describe('the lines of a task', () => {
  const cases: [string, readonly Step[], readonly string[]][] = [
    ['say each step once', ['starting', 'starting', 'ready', 'ready'], [starting, ready]],
    ['say that it could not become ready', ['starting', 'failed'], [starting, ...failed]],
    ['say that what has gone into the background is ready', ['starting', 'exited', 'a healthy daemon'], [starting, ready]],
    ['say nothing of a stop', ['ready', 'stopping', 'exited'], [starting, ready]],
    ['begin again with the next tree', ['ready', 'next', 'starting', 'ready'], [starting, ready, starting, ready]],
    ['begin again with a next tree that is ready at once', ['ready', 'next', 'ready'], [starting, ready, starting, ready]],
    [
      'go on waiting where another tree takes the place of one that was not ready',
      ['starting', 'next', 'starting', 'ready'],
      [starting, ready],
    ],
    ['begin again after a failure', ['starting', 'failed', 'next', 'ready'], [starting, ...failed, starting, ready]],
  ];
  for (const [what, steps, said] of cases) it(what, () => assert.deepEqual(saidOf(steps), said));

  for (const name of ['web', 'api#2', 'build (prod)', 'ünïcode: it', 'a/b'])
    it(`of ${name} are those that the problem matcher waits for`, () => {
      const [begins, ends] = [new RegExp(background['beginsPattern'] ?? ''), new RegExp(background['endsPattern'] ?? '')];
      const lines = (['starting', 'ready', 'failed'] as const).flatMap((step) => markersOf(step, name, place, 'not ready: refused'));
      const matches = (expression: RegExp | string): boolean[] => lines.map((line) => line.match(expression) !== null);
      assert.deepEqual(matches(begins), [true, false, false, false]);
      assert.deepEqual(matches(ends), [false, true, false, true]);
      assert.deepEqual(matches(pattern.regexp), [false, false, true, false]);
      const found = lines[2]?.match(pattern.regexp);
      const { file, line, message } = pattern;
      assert.deepEqual(
        [file, line, message].map((group) => found?.[group]),
        ['.vscode/processes.json', '12', `${name} has failed: not ready: refused`],
      );
    });
});
