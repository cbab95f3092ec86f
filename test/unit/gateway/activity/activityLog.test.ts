/** What is remembered of the requests to models. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ActivityLog } from '../../../../src/gateway/activity/activityLog.ts';
import { maxActivity } from '../../../../src/protocol/modelActivity.ts';

const request = (agent?: string): { headers: Record<string, string> } => ({ headers: agent === undefined ? {} : { 'user-agent': agent } });
const of = { model: 'coder', asked: 'coder', path: '/v1/chat/completions', isFirst: false };

describe('the last requests', () => {
  it('are told with what has become of them', () => {
    const log = new ActivityLog();
    const first = log.begin(request('OpenAI/Python 2.1 (x)'), {
      ...of,
      asked: 'coder:high',
      path: '/v1/messages?beta=true',
      isFirst: true,
    });
    const [waiting] = log.page({}).requests;
    assert.deepEqual(
      { ...waiting, startedAt: 0 },
      {
        id: 1,
        startedAt: 0,
        model: 'coder',
        asked: 'coder:high',
        client: 'OpenAI/Python',
        path: '/v1/messages',
        state: 'waiting',
        isFirst: true,
      },
    );
    first.taken(300);
    assert.deepEqual(
      log.page({}).requests.map(({ state, queueMillis }) => [state, queueMillis]),
      [['answering', 300]],
    );
    const answered = {
      failed: false,
      queueMillis: 300,
      firstTokenMillis: 50,
      streamMillis: 1000,
      inputTokens: 7,
      cachedTokens: 4,
      outputTokens: 11,
    };
    first.ended({ status: 200, answered });
    const [ended] = log.page({}).requests;
    const { totalMillis = -1, startedAt = 0, ...rest } = ended ?? {};
    assert.ok(totalMillis >= 0 && startedAt > 0);
    assert.deepEqual(rest, {
      ...{ id: 1, model: 'coder', asked: 'coder:high', client: 'OpenAI/Python', path: '/v1/messages', state: 'ended', isFirst: true },
      ...{ queueMillis: 300, firstMillis: 50, status: 200, inputTokens: 7, cachedTokens: 4, outputTokens: 11, tokensPerSecond: 10 },
    });
  });

  it('have failed where an answer breaks off behind a head that says that all is well', () => {
    const log = new ActivityLog();
    log.begin(request(), of).ended({ status: 200, answered: { failed: true, queueMillis: 0 } });
    log.begin(request(), of).ended({ status: 503, answered: { failed: true, queueMillis: 0 } });
    assert.deepEqual(
      log.page({}).requests.map(({ error }) => error),
      ['The answer broke off, or ended with an error.', undefined],
    );
  });

  it('are told once to a client that says what it knows, and again where they have changed', () => {
    const log = new ActivityLog();
    const [one, two] = [log.begin(request(), of), log.begin(request(), of)];
    const known = log.page({});
    assert.deepEqual(
      known.requests.map(({ id }) => id),
      [1, 2],
    );
    assert.deepEqual(log.page({ after: known }).requests, []);
    one.ended({ status: 499 });
    const next = log.page({ after: known });
    assert.deepEqual(
      next.requests.map(({ id, status }) => [id, status]),
      [[1, 499]],
    );
    two.taken(1);
    log.begin(request(), of);
    assert.deepEqual(
      log.page({ after: next }).requests.map(({ id, state }) => [id, state]),
      [
        [2, 'answering'],
        [3, 'waiting'],
      ],
    );
  });

  it('are told as a whole where a client knows those of another process', () => {
    const [before, after] = [new ActivityLog(), new ActivityLog()];
    for (let count = 0; count < 5; count++) before.begin(request(), of);
    after.begin(request(), of);
    assert.deepEqual(
      after.page({ after: before.page({}) }).requests.map(({ id }) => id),
      [1],
    );
  });

  it('are bounded, in number and in what clients can write into them', () => {
    const log = new ActivityLog();
    for (let count = 0; count < maxActivity + 10; count++)
      log.begin(request('x'.repeat(10_000)), of).ended({ status: 502, error: 'y'.repeat(10_000) });
    const { requests } = log.page({});
    assert.deepEqual([requests.length, requests[0]?.id, requests.at(-1)?.id], [maxActivity, 11, maxActivity + 10]);
    assert.deepEqual([requests[0]?.client.length, requests[0]?.error?.length], [100, 500]);
  });

  it('are short, whatever a client sends and a server says', () => {
    const log = new ActivityLog();
    log.begin(request('x'.repeat(16_000)), { ...of, path: `/${'x'.repeat(16_000)}` }).ended({ status: 502, error: 'x'.repeat(1_000_000) });
    assert.ok(JSON.stringify(log.page({})).length < 1200);
  });
});
