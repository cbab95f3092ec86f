import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventFrom, eventLine, isAbout } from '../../../src/client/processEvents.ts';

const head = { time: '2026-01-31T12:00:00.000Z', warden: 'w', tree: 't', spec: 'api#2' };
const from = (record: object): ReturnType<typeof eventFrom> => eventFrom(JSON.stringify({ ...head, ...record }));

describe('an event of a process', () => {
  const cases: [object, string | undefined][] = [
    [{ event: 'spawned', pid: 12, command: 'node api.js' }, 'started        pid 12: node api.js'],
    [{ event: 'state', state: 'ready', reason: '' }, 'ready'],
    [{ event: 'state', state: 'stopping', reason: 'stopped by the user' }, 'stopping       stopped by the user'],
    [{ event: 'state', state: 'exited', reason: 'exited with code 0' }, undefined],
    [
      { event: 'ended', state: 'failed', code: 3, signal: null, durationMillis: 2500, reason: 'exited with code 3' },
      'ended          exited with code 3 (after 2.5 s)',
    ],
    [{ event: 'health', state: 'unhealthy', reason: 'no answer' }, 'unhealthy      no answer'],
    [
      { event: 'restart', durationMillis: 5000, reason: 'exited with code 3; attempt 1 of 5' },
      'restart        exited with code 3; attempt 1 of 5 (in 5.0 s)',
    ],
    [{ event: 'start-failed', reason: 'There is no command.' }, 'start-failed   There is no command.'],
    [{ event: 'gave-up', reason: 'it was restarted once' }, 'gave-up        it was restarted once'],
    [
      { event: 'limit-reached', reason: 'its time limit of 1 s was reached: stop' },
      'limit-reached  its time limit of 1 s was reached: stop',
    ],
    [{ event: 'client-connected', reason: 'extension' }, undefined],
    [{ event: 'gave-up', tree: undefined, spec: 'switch', reason: 'x' }, undefined],
    [{ event: 'spawned', pid: 'twelve' }, undefined],
    [{ event: 'spawned', time: 'yesterday' }, undefined],
  ];
  for (const [record, line] of cases)
    it(JSON.stringify(record), () => {
      const event = from(record);
      assert.equal(event && eventLine(event), line === undefined ? undefined : `2026-01-31T12:00:00.000Z  api#2         ${line}`);
    });

  it('is none where the line is not whole, or no object', () => {
    for (const line of ['', '{"time":"2026', 'null', '[]', '3', '"x"']) assert.equal(eventFrom(line), undefined, line);
  });

  it('has the exit status for programs', () => {
    const event = from({
      event: 'ended',
      pid: 3,
      state: 'killed',
      code: null,
      signal: 'SIGKILL',
      durationMillis: 5,
      reason: 'ended by SIGKILL',
    });
    assert.deepEqual(event, {
      ...{ time: head.time, event: 'ended', name: 'api#2', tree: 't', warden: 'w', pid: 3 },
      ...{ state: 'killed', code: null, signal: 'SIGKILL', durationMillis: 5, reason: 'ended by SIGKILL' },
    });
  });

  it('is about its instance, and its name', () => {
    const about = (name: string, wanted: string): boolean => {
      const event = from({ event: 'gave-up', spec: name });
      return event !== undefined && isAbout(event, wanted);
    };
    assert.deepEqual(
      [about('api#2', 'api'), about('api#2', 'api#2'), about('api', 'api#1'), about('api#2', 'api#1'), about('api', 'ap')],
      [true, true, true, false, false],
    );
  });
});
