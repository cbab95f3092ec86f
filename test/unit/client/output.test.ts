/** Reading a tree's output ends once: by itself, by a cancel, or with the connection, whatever stage it is at. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { OutputFollower } from '../../../src/client/outputFollower.ts';
import type { OutputEnd } from '../../../src/client/outputSubscriptions.ts';
import { WardenClient } from '../../../src/client/wardenClient.ts';
import { WardenGoneError } from '../../../src/client/wardenGone.ts';
import type { Welcome } from '../../../src/protocol/handshake.ts';
import * as handshake from '../../../src/protocol/handshake.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import { openConnection } from '../../../src/protocol/openConnection.ts';
import * as outputs from '../../../src/protocol/output.ts';
import * as requests from '../../../src/protocol/treeRequests.ts';
import { TreeOutput } from '../../../src/warden/output/treeOutput.ts';
import { randomFrom } from '../../support/random.ts';

const request = { tree: 'a tree' as TreeId, from: 0, whenBehind: 'wait', follow: true } as const;

/** The far end of a connection: it answers as a warden does, from one output or from those that it is given. */
class FakeWarden {
  readonly output = new TreeOutput(undefined);
  readonly acknowledged: number[] = [];
  readonly unsubscribed: number[] = [];
  readonly client: WardenClient;
  /** Answers to subscriptions wait for it. */
  gate: Promise<void> = Promise.resolve();
  subscriptions = 0;
  #lastWritten: Promise<void> = Promise.resolve();
  readonly #toClient: PassThrough;
  readonly #open = new Map<number, { acknowledge(end: number): void; cancel(): void }>();

  static async connect(): Promise<FakeWarden> {
    const [toClient, toWarden] = [new PassThrough(), new PassThrough()];
    const warden = openConnection(toWarden, toClient);
    warden.connection.onRequest(handshake.hello, () => ({ versions: handshake.spokenVersions }) as Welcome);
    warden.connection.listen();
    const client = await WardenClient.greet(openConnection(toClient, toWarden), 'test');
    return new FakeWarden(client, warden.connection, toClient);
  }

  private constructor(client: WardenClient, connection: ReturnType<typeof openConnection>['connection'], toClient: PassThrough) {
    this.client = client;
    this.#toClient = toClient;
    connection.onRequest(requests.list, () => new Promise(() => undefined));
    connection.onRequest(outputs.subscribeOutput, async ({ from, whenBehind, follow }) => {
      await this.gate;
      const subscription = ++this.subscriptions;
      const reader = {
        whenBehind,
        deliver: (chunk: Buffer, end: number, skipped: number) =>
          void connection.sendNotification(outputs.output, { subscription, end, skipped, base64: chunk.toString('base64') }),
        finish: () => {
          this.#lastWritten = connection.sendNotification(outputs.outputEnd, { subscription });
        },
      };
      this.#open.set(subscription, this.output.subscribe(reader, from, follow));
      return subscription;
    });
    connection.onNotification(outputs.acknowledgeOutput, ({ subscription, end }) => {
      this.acknowledged.push(end);
      this.#open.get(subscription)?.acknowledge(end);
    });
    connection.onNotification(outputs.unsubscribeOutput, ({ subscription }) => {
      this.unsubscribed.push(subscription);
      this.#open.get(subscription)?.cancel();
    });
  }

  /** As a SIGKILL does: what is written is still read. */
  async die(): Promise<void> {
    await this.#lastWritten;
    this.#toClient.end();
  }
}

/** Each message takes its turn, there and back. */
async function turns(count = 200): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

class Listener {
  text = '';
  readonly ends: OutputEnd[] = [];

  onChunk(chunk: Buffer): void {
    this.text += chunk;
  }

  onEnd(end: OutputEnd): void {
    this.ends.push(end);
  }
}

function listen(listener: Listener) {
  return { onChunk: (chunk: Buffer) => listener.onChunk(chunk), onEnd: (end: OutputEnd) => listener.onEnd(end) };
}

describe('a subscription', () => {
  it('ends when everything was delivered, and dealt with', async () => {
    const warden = await FakeWarden.connect();
    const listener = new Listener();
    const dealt: string[] = [];
    const subscription = warden.client.readOutput(request, {
      onChunk: async (chunk) => {
        await turns(30);
        dealt.push(String(chunk));
      },
      onEnd: (end) => listener.onEnd(end),
    });
    warden.output.write(Buffer.from('all of it'));
    warden.output.finish();
    await subscription.complete();
    assert.deepEqual(dealt, ['all of it']);
    assert.deepEqual(listener.ends, [{ how: 'complete' }]);
  });

  it('delivers nothing from its cancel on, though the warden does not know of it yet, and is called off there', async () => {
    const warden = await FakeWarden.connect();
    let open = (): void => undefined;
    warden.gate = new Promise((resolve) => {
      open = resolve;
    });
    warden.output.write(Buffer.from('something'));
    const listener = new Listener();
    const subscription = warden.client.readOutput(request, listen(listener));
    await turns();
    subscription.cancel();
    open();
    await turns();
    assert.deepEqual([listener.text, listener.ends], ['', [{ how: 'cancelled' }]]);
    assert.deepEqual(warden.unsubscribed, [1]);
  });

  it('of a noisy process leaves nothing behind when it was cancelled', async () => {
    const warden = await FakeWarden.connect();
    const listener = new Listener();
    const subscription = warden.client.readOutput(request, listen(listener));
    for (let count = 0; count < 100; count++) {
      warden.output.write(Buffer.alloc(4096, 'x'));
      if (count === 50) subscription.cancel();
      await turns(2);
    }
    await turns();
    assert.equal(listener.ends.length, 1);
    // The next one has its own output only, from the beginning.
    const next = new Listener();
    const again = warden.client.readOutput({ ...request, follow: false }, listen(next));
    await again.complete();
    assert.equal(next.text.length, 100 * 4096);
  });

  const stages: readonly (readonly [string, (warden: FakeWarden) => Promise<void>])[] = [
    [
      'before it is known',
      (warden) => {
        warden.gate = new Promise(() => undefined);
        return Promise.resolve();
      },
    ],
    ['before its first chunk', () => turns()],
    [
      'amid its chunks',
      async (warden) => {
        await turns();
        warden.output.write(Buffer.from('half'));
      },
    ],
  ];
  for (const [when, prepare] of stages)
    it(`ends with its connection, ${when}`, async () => {
      const warden = await FakeWarden.connect();
      const listener = new Listener();
      const preparing = prepare(warden);
      const subscription = warden.client.readOutput(request, listen(listener));
      await preparing;
      await turns();
      await warden.die();
      const end = await subscription.ended;
      assert.ok(end.how === 'failed' && end.error instanceof WardenGoneError, JSON.stringify(end));
      await assert.rejects(subscription.complete(), WardenGoneError);
      assert.equal(listener.text, when.startsWith('amid') ? 'half' : '');
      assert.equal(listener.ends.length, 1);
    });

  it('ends when the client itself lets go of the connection', async () => {
    const warden = await FakeWarden.connect();
    const subscription = warden.client.readOutput(request, { onChunk: () => undefined });
    await turns();
    warden.client.dispose();
    assert.equal((await subscription.ended).how, 'failed');
  });

  it('of a connection that has closed before is refused with the same name', async () => {
    const warden = await FakeWarden.connect();
    await warden.die();
    await turns();
    await assert.rejects(warden.client.readOutput(request, { onChunk: () => undefined }).complete(), WardenGoneError);
  });

  it('whose listener throws ends with that error, and is called off', async () => {
    const warden = await FakeWarden.connect();
    const subscription = warden.client.readOutput(request, {
      onChunk: () => {
        throw new Error('the disk is full');
      },
    });
    await turns();
    warden.output.write(Buffer.from('x'));
    await assert.rejects(subscription.complete(), /the disk is full/);
    await turns();
    assert.deepEqual([warden.unsubscribed, warden.acknowledged], [[1], []]);
  });
});

describe('a question that waits for its answer', () => {
  it('is refused when the connection closes, and so are later ones', async () => {
    const warden = await FakeWarden.connect();
    const asked = warden.client.list();
    let closed = 0;
    warden.client.onClose(() => closed++);
    warden.client.onClose(() => closed++).dispose();
    await turns();
    await warden.die();
    await assert.rejects(asked, WardenGoneError);
    await assert.rejects(warden.client.list(), WardenGoneError);
    await turns();
    assert.equal(closed, 1);
  });

  it('hears the answer that was written before the end', async () => {
    const warden = await FakeWarden.connect();
    const listener = new Listener();
    const subscription = warden.client.readOutput(request, listen(listener));
    await turns();
    for (let count = 0; count < 500; count++) warden.output.write(Buffer.from('line\n'));
    warden.output.finish();
    await turns(2);
    await warden.die();
    await subscription.complete();
    assert.equal(listener.text, 'line\n'.repeat(500));
  });
});

describe('a follower of outputs', () => {
  it('reads one tree at a time, in any order of follow, end and connection', async () => {
    const seed = Date.now() % 1_000_000;
    console.log(`seed ${seed}`);
    const random = randomFrom(seed);
    for (let round = 0; round < 15; round++) {
      const follower = new OutputFollower();
      const seen: number[] = [];
      let latest = -1;
      let isOver = false;
      const wardens: FakeWarden[] = [];
      for (let tree = 0; tree < 4; tree++) {
        const warden = await FakeWarden.connect();
        wardens.push(warden);
        warden.output.write(Buffer.from('x'));
        if (!isOver) latest = tree;
        // Each connects at a time of its own.
        const connecting = turns(Math.floor(random() * 8)).then(() => warden.client);
        follower.follow(connecting, request, {
          onChunk: () => {
            assert.equal(isOver, false, `seed ${seed}, round ${round}: a chunk after the end`);
            assert.equal(tree, latest, `seed ${seed}, round ${round}: a chunk of an earlier tree`);
            seen.push(tree);
          },
        });
        await turns(Math.floor(random() * 12));
        if (random() < 0.1) {
          follower[Symbol.dispose]();
          isOver = true;
        }
      }
      await turns();
      for (const warden of wardens) warden.output.write(Buffer.from('y'));
      await turns();
      if (!isOver) assert.equal(seen.at(-1), 3, `seed ${seed}, round ${round}`);
      follower[Symbol.dispose]();
      await follower.ended;
      for (const warden of wardens) warden.client.dispose();
    }
  });

  it('ends when the warden cannot be had', async () => {
    const follower = new OutputFollower();
    const ends: OutputEnd[] = [];
    follower.follow(Promise.reject(new Error('no warden')), request, { onChunk: () => undefined, onEnd: (end) => void ends.push(end) });
    await follower.ended;
    assert.deepEqual(ends, [{ how: 'failed', error: new Error('no warden') }]);
  });
});

describe('output as an iterable', () => {
  it('yields every piece in order, and ends with the output', async () => {
    const warden = await FakeWarden.connect();
    const pieces: string[] = [];
    const reading = (async () => {
      for await (const { data } of warden.client.output(request)) pieces.push(String(data));
    })();
    warden.output.write(Buffer.from('one '));
    await turns();
    warden.output.write(Buffer.from('two'));
    warden.output.finish();
    await reading;
    assert.equal(pieces.join(''), 'one two');
  });

  it('acknowledges a piece when the next one is asked for', async () => {
    const warden = await FakeWarden.connect();
    warden.output.write(Buffer.from('one'));
    const pieces = warden.client.output(request)[Symbol.asyncIterator]();
    assert.equal(String((await pieces.next()).value?.data), 'one');
    await turns();
    assert.deepEqual(warden.acknowledged, []);
    const next = pieces.next();
    await turns();
    assert.deepEqual(warden.acknowledged, [3]);
    await Promise.all([pieces.return(), next, warden.output.finish()]);
  });

  it('is unsubscribed where the loop is left', async () => {
    const warden = await FakeWarden.connect();
    warden.output.write(Buffer.from('one'));
    for await (const _ of warden.client.output(request)) break;
    await turns();
    assert.deepEqual(warden.unsubscribed, [1]);
  });

  it('ends quietly where it is disposed while it waits', async () => {
    const warden = await FakeWarden.connect();
    const output = warden.client.output(request);
    const reading = (async () => {
      for await (const _ of output) assert.fail('nothing was printed');
    })();
    await turns();
    output[Symbol.dispose]();
    await reading;
    await turns();
    assert.deepEqual(warden.unsubscribed, [1]);
  });

  it('ends with a named error where the connection closes', async () => {
    const warden = await FakeWarden.connect();
    const reading = (async () => {
      for await (const _ of warden.client.output(request));
    })();
    await turns();
    await Promise.all([assert.rejects(reading, WardenGoneError), warden.die()]);
  });
});
