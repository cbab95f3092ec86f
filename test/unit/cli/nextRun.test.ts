/** What `up` waits for when a run by schedule, or behind a change of files, has ended. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nextRun } from '../../../src/cli/schedules.ts';
import type { CliSession } from '../../../src/cli/session.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';

const ended = { id: 'x' as TreeId, name: 'job', startedAt: 1 };
const session = (names: CliSession['names']): CliSession => ({ names }) as unknown as CliSession;

it('takes nothing for over because it could not be asked: the warden has gone', async () => {
  const gone = new Error('The warden was killed; every process it guarded has been ended.');
  await assert.rejects(
    nextRun(
      session(() => Promise.reject(gone)),
      ended,
      '',
    ),
    gone,
  );
});

it('is nothing where nothing is wanted of it', async () => {
  assert.equal(
    await nextRun(
      session(() => Promise.resolve([])),
      ended,
      '',
    ),
    undefined,
  );
});
