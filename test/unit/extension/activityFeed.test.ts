/** When requests are asked for, and what is told of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WardenClient } from '../../../src/client/wardenClient.ts';
import { ActivityFeed, type ActivityNews } from '../../../src/extension/models/activityFeed.ts';
import type { ActivityRequest, ModelActivity } from '../../../src/protocol/modelActivity.ts';
import { eventually } from '../../support/run.ts';

const request = (id: number, model = 'coder'): ModelActivity => ({ id, startedAt: id, model, client: '', path: '/', state: 'waiting' });

/** A warden whose gateway has had these requests. */
class FakeClient {
  readonly asked: ActivityRequest[] = [];
  readonly requests: ModelActivity[] = [];
  keeps = false;
  readonly gateway: string;

  constructor(gateway: string) {
    this.gateway = gateway;
  }

  /** Until then, nothing is answered. */
  held: Promise<void> = Promise.resolve();

  async modelActivity(asked: ActivityRequest): Promise<object> {
    this.asked.push(asked);
    const requests = this.requests.slice(asked.after?.revision ?? 0);
    const page = { gateway: this.gateway, revision: this.requests.length, requests, ...(this.keeps && { keepsBodies: true }) };
    await this.held;
    return page;
  }

  keepBodies(keep: boolean): Promise<void> {
    this.keeps = keep;
    return Promise.resolve();
  }

  requestBodies({ id }: { readonly id: number }): Promise<object> {
    return Promise.resolve({ path: `${this.gateway}/${id}` });
  }
}

function feedOf(...clients: readonly (FakeClient | undefined)[]) {
  const told: ActivityNews[] = [];
  const none = { modelActivity: () => Promise.resolve(null) };
  const sources = {
    clients: () => Promise.resolve(clients.map((client) => (client ?? none) as unknown as WardenClient)),
    isShown: (model: string) => model !== 'of another window',
  };
  const feed = new ActivityFeed(sources, (news) => told.push(news));
  const ids = (): string[] => told.map(({ requests, anew }) => `${anew ? 'all ' : ''}${requests.map(({ id }) => id)}`);
  return { feed, told, ids };
}

describe('the last requests', () => {
  it('are asked for only while they are to be seen, and what is known is not told again', async () => {
    const client = new FakeClient('g');
    const { feed, ids } = feedOf(undefined, client);
    client.requests.push(request(1));
    feed.changed();
    assert.equal(client.asked.length, 0);
    feed.watch(true);
    await eventually('the first is told', () => ids().join('; ') === 'all 1');
    client.requests.push(request(2), request(3, 'of another window'));
    feed.changed();
    feed.changed();
    await eventually('the next is', () => ids()[1] === '2');
    assert.deepEqual(client.asked[1]?.after, { gateway: 'g', revision: 1 });
    feed.watch(false);
    feed.watch(true);
    await eventually('all are, to one who looks again', () => ids().at(-1) === 'all 1,2');
    feed.watch(false);
  });

  it('are those of every gateway, and so is what was said', async () => {
    const [own, service] = [new FakeClient('g'), new FakeClient('h')];
    const { feed, told } = feedOf(own, service);
    own.requests.push(request(1));
    service.requests.push(request(1));
    feed.watch(true);
    await eventually('both are told', () => told.length > 0);
    assert.deepEqual(
      told[0]?.requests.map(({ gateway, id }) => `${gateway}${id}`),
      ['g1', 'h1'],
    );
    await feed.keepBodies(true, 1);
    assert.deepEqual([own.keeps, service.keeps], [true, true]);
    assert.deepEqual(await feed.bodies({ gateway: 'h', id: 1 }), { path: 'h/1' });
    assert.equal(await feed.bodies({ gateway: 'gone', id: 1 }), null);
    feed.watch(false);
  });

  for (const isRefused of [false, true])
    it(`are told with a choice that was over before they were looked for, and not with one that came meanwhile${isRefused ? ', also where it is refused' : ''}`, async () => {
      const client = new FakeClient('g');
      const { feed, told } = feedOf(client);
      feed.watch(true);
      await eventually('the first look is over', () => told.length === 1);
      let letGo = (): void => undefined;
      client.held = new Promise((resolve) => {
        letGo = resolve;
      });
      feed.changed();
      await eventually('another one is under way', () => client.asked.length === 2);
      if (isRefused) client.keepBodies = () => Promise.reject(new Error('no'));
      await feed.keepBodies(true, 7).catch(() => undefined);
      feed.changed();
      letGo();
      await eventually('the look after that is told', () => told.length === 3);
      assert.deepEqual(
        told.map(({ gateways, choice }) => [gateways[0]?.keepsBodies, choice]),
        [
          [false, undefined],
          [false, undefined],
          [!isRefused, 7],
        ],
      );
      feed.watch(false);
    });
});
