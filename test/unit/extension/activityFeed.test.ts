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

  modelActivity(asked: ActivityRequest): Promise<object> {
    this.asked.push(asked);
    const requests = this.requests.slice(asked.after?.revision ?? 0);
    return Promise.resolve({ gateway: this.gateway, revision: this.requests.length, requests, ...(this.keeps && { keepsBodies: true }) });
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
    await feed.keepBodies(true, 7);
    assert.deepEqual([own.keeps, service.keeps], [true, true]);
    assert.deepEqual(await feed.bodies({ gateway: 'h', id: 1 }), { path: 'h/1' });
    assert.equal(await feed.bodies({ gateway: 'gone', id: 1 }), null);
    feed.watch(false);
  });

  it('say which wish was dealt with before they were looked up, also where that has failed', async () => {
    const client = new FakeClient('g');
    const { feed, told } = feedOf(client);
    feed.watch(true);
    await eventually('it is known', () => told.length === 1);
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      client.keepBodies = async (keep: boolean) => {
        resolve();
        await new Promise<void>((answered) => {
          answer = answered;
        });
        client.keeps = keep;
      };
    });
    const keeping = feed.keepBodies(true, 5);
    await asked;
    // Something else has changed meanwhile: what is told of it knows nothing of the wish.
    feed.changed();
    await eventually('that is told', () => told.length === 2);
    answer();
    await keeping;
    await eventually('it is told what is so now', () => told.length === 3);
    client.keepBodies = () => Promise.reject(new Error('it has ended'));
    await assert.rejects(feed.keepBodies(false, 6), /it has ended/);
    await eventually('it is told what is so still', () => told.length === 4);
    assert.deepEqual(
      told.map(({ gateways: [gateway], settled }) => [gateway?.keepsBodies, settled]),
      [
        [false, 0],
        [false, 0],
        [true, 5],
        [true, 6],
      ],
    );
    feed.watch(false);
  });
});
