import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { MissedRequests } from '../../../src/cli/missedRequests.ts';
import { ActivityLog, type FollowedRequest } from '../../../src/gateway/activity/activityLog.ts';
import { type ActivityRequest, maxActivity } from '../../../src/protocol/modelActivity.ts';

/** A gateway's log, and who follows it. */
function followed() {
  const log = new ActivityLog();
  const missed = new MissedRequests();
  const listed = new Set<number>();
  let after: ActivityRequest['after'];
  const begin = (): FollowedRequest =>
    log.begin({ headers: {} } as IncomingMessage, { model: 'coder', asked: 'coder', path: '/', isFirst: false });
  return {
    begin,
    ask: (count: number): void => {
      for (let each = 0; each < count; each++) begin().ended({ status: 200 });
    },
    look: (): number => {
      const page = log.page(after ? { after } : {});
      after = page;
      for (const { id, state } of page.requests) if (state === 'ended') listed.add(id);
      return missed.take(page);
    },
    listed,
  };
}

describe('requests that are followed', () => {
  it('are all listed as long as no more come between two looks than are remembered', () => {
    const { ask, look, listed } = followed();
    assert.equal(look(), 0);
    for (const count of [1, maxActivity, 0, maxActivity]) {
      ask(count);
      assert.equal(look(), 0);
    }
    assert.equal(listed.size, 2 * maxActivity + 1);
  });

  it('are counted where they are not listed, those that were under way at the last look among them', () => {
    const { ask, begin, look, listed } = followed();
    ask(maxActivity + 7);
    assert.equal(look(), 0, 'those before the first look are none');
    const before = listed.size;
    begin();
    const long = begin();
    assert.equal(look(), 0);
    ask(maxActivity + 3);
    long.ended({ status: 200 });
    assert.equal(look(), 5);
    assert.equal(listed.size - before + 5, maxActivity + 5, 'each is listed or counted');
    assert.equal(look(), 0, 'each is counted once');
  });

  it('are counted from the first one on of a gateway that has taken the place of another one', () => {
    const missed = new MissedRequests();
    const ended = (id: number) => ({ ...{ id, startedAt: 0, model: 'coder', client: '', path: '/' }, state: 'ended' as const });
    assert.equal(missed.take({ gateway: 'a', requests: [ended(4)], oldest: 4 }), 0);
    assert.equal(missed.take({ gateway: 'b', requests: [ended(3)], oldest: 3 }), 2);
  });

  it('of a gateway that does not say what it has forgotten are not counted', () => {
    const missed = new MissedRequests();
    missed.take({ gateway: 'a', requests: [] });
    assert.equal(missed.take({ gateway: 'a', requests: [] }), 0);
  });
});
