/** Who the models of the model service live for. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { ModelLease, ModelRequest, RefusedModel } from '../../../../src/protocol/models.ts';
import type { ModelDeclaration } from '../../../../src/warden/models/modelHost.ts';
import { ModelLeases } from '../../../../src/warden/models/modelLeases.ts';

interface Lessee {
  readonly told: (readonly RefusedModel[])[];
}

function model(name: string, instances: number): ModelRequest {
  return { name, aliases: [], instances, start: { name, argv: ['server'] } } as unknown as ModelRequest;
}

const lease = (lessee: string, models: readonly ModelRequest[], allowedOrigins: readonly string[] = []): ModelLease => ({
  lessee,
  models,
  gateway: { port: 0, allowedOrigins },
});

class Service {
  readonly declared: ModelDeclaration[] = [];
  isUnused = false;
  readonly leases = new ModelLeases<Lessee>({
    declare: (declaration) => {
      this.declared.push(declaration);
      const isWrong = declaration.gateway.allowedOrigins?.includes('wrong') === true;
      return isWrong ? Promise.reject(new Error('it is wrong')) : Promise.resolve({ url: 'http://127.0.0.1:1', token: '' });
    },
    onRefused: (lessee, refused) => lessee.told.push(refused),
    onUnused: () => {
      this.isUnused = true;
    },
  });

  lessee(): Lessee {
    return { told: [] };
  }

  /** Each declaration as the number of servers of each of its models. */
  get instances(): number[][] {
    return this.declared.map(({ models }) => models.map(({ instances }) => instances));
  }
}

describe('leases on models', () => {
  it('that cannot be are not what the next one gets', async () => {
    const service = new Service();
    const [wrong, right] = [service.lessee(), service.lessee()];
    await assert.rejects(service.leases.take(wrong, lease('wrong', [model('a', 1)], ['wrong'])), /it is wrong/);
    // Nothing is declared in its place: a service makes no address of its own.
    assert.equal(service.declared.length, 1);
    assert.deepEqual(await service.leases.take(right, lease('right', [model('a', 2)])), { url: 'http://127.0.0.1:1', token: '' });
    service.leases.end(wrong);
    assert.equal(service.isUnused, false);
    service.leases.end(right);
    assert.equal(service.isUnused, true);
  });

  it('are what they were before where they cannot be what is wanted now', async () => {
    const service = new Service();
    const lessee = service.lessee();
    await service.leases.take(lessee, lease('x', [model('a', 1)]));
    await assert.rejects(service.leases.take(lessee, lease('x', [model('a', 3)], ['wrong'])));
    assert.deepEqual(service.instances, [[1], [3], [1]]);
  });

  it('of one who has waited for a name begin when its holder has left: with servers of their own', async () => {
    const service = new Service();
    const [first, second] = [service.lessee(), service.lessee()];
    await service.leases.take(first, lease('first', [model('a', 1), model('b', 1)]));
    const { refused } = await service.leases.take(second, lease('second', [model('a', 2), model('b', 1)]));
    assert.deepEqual(
      refused?.map(({ name }) => name),
      ['a'],
    );
    service.leases.end(first);
    // What the first one had started for it is ended in between.
    assert.deepEqual(service.instances.slice(2), [[1], [2, 1]]);
    assert.deepEqual([first.told, second.told], [[], [[]]]);
  });

  it('tell one what is refused to it because another one has changed its own', async () => {
    const service = new Service();
    const [first, second] = [service.lessee(), service.lessee()];
    await service.leases.take(first, lease('first', [model('a', 1)]));
    assert.equal((await service.leases.take(second, lease('second', [model('a', 1)]))).refused, undefined);
    await service.leases.take(first, lease('first', [model('a', 5)]));
    assert.deepEqual(
      second.told.map((refused) => refused.map(({ name }) => name)),
      [['a']],
    );
    await service.leases.take(second, lease('second', [model('a', 5)]));
    assert.equal(second.told.length, 1);
  });

  describe('on models that are kept for a while', () => {
    beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
    afterEach(() => mock.reset());
    const minute = 60_000;
    const kept = (name: string, minutes: number, instances = 1): ModelRequest => ({
      ...model(name, instances),
      scope: 'user',
      keepMillis: minutes * minute,
    });
    /** Timers and what they are measured by go together; in whole milliseconds, as the timers do. */
    const clock = (): { pass(minutes: number): void } => {
      const begun = Math.ceil(performance.now());
      let passed = 0;
      mock.method(performance, 'now', () => begun + passed);
      return {
        pass: (minutes) => {
          passed += minutes * minute;
          mock.timers.tick(minutes * minute);
        },
      };
    };
    const names = ({ declared }: Service): string[] => declared.map(({ models }) => models.map(({ name }) => name).join(' '));

    it('end when their time is over, one after the other, and the service with the last of them', async () => {
      const { pass } = clock();
      const service = new Service();
      const lessee = service.lessee();
      await service.leases.take(lessee, lease('x', [kept('a', 10), kept('b', 20), model('c', 1)]));
      service.leases.end(lessee);
      assert.deepEqual([names(service), service.isUnused], [['a b c', 'a b'], false]);
      pass(10);
      assert.deepEqual([names(service).at(-1), service.isUnused], ['b', false]);
      pass(9);
      assert.equal(service.isUnused, false);
      pass(1);
      assert.equal(service.isUnused, true);
      await assert.rejects(service.leases.take(lessee, lease('x', [])), /is ending/);
    });

    it('belong to the next client that declares them, for as long as that lives', async () => {
      const { pass } = clock();
      const service = new Service();
      const [first, second] = [service.lessee(), service.lessee()];
      await service.leases.take(first, lease('first', [kept('a', 10)]));
      service.leases.end(first);
      pass(5);
      assert.equal((await service.leases.take(second, lease('second', [kept('a', 10)]))).refused, undefined);
      pass(60);
      // It was declared all the time.
      assert.deepEqual([new Set(names(service)), service.isUnused], [new Set(['a']), false]);
      service.leases.end(second);
      pass(9);
      assert.equal(service.isUnused, false);
      pass(1);
      assert.equal(service.isUnused, true);
    });

    it('are ended for one that declares them otherwise', async () => {
      clock();
      const service = new Service();
      const [first, second] = [service.lessee(), service.lessee()];
      await service.leases.take(first, lease('first', [kept('a', 10, 1), kept('b', 10, 1)]));
      service.leases.end(first);
      assert.equal((await service.leases.take(second, lease('second', [kept('a', 10, 3)]))).refused, undefined);
      assert.deepEqual(service.instances.slice(-2), [[1], [3, 1]]);
      assert.deepEqual(names(service).slice(-2), ['b', 'a b']);
    });

    it('are not kept where another client has them, or they were refused', async () => {
      const { pass } = clock();
      const service = new Service();
      const [first, second] = [service.lessee(), service.lessee()];
      await service.leases.take(first, lease('first', [kept('a', 10, 1), kept('b', 10)]));
      await service.leases.take(second, lease('second', [kept('a', 10, 2), kept('b', 10)]));
      service.leases.end(second);
      pass(5);
      service.leases.end(first);
      pass(9);
      assert.deepEqual([service.instances.at(-1), service.isUnused], [[1, 1], false]);
      pass(1);
      assert.equal(service.isUnused, true);
    });

    it('are kept on where the next client cannot have what it declares', async () => {
      const { pass } = clock();
      const service = new Service();
      const [first, wrong, lacking] = [service.lessee(), service.lessee(), service.lessee()];
      await service.leases.take(first, lease('first', [kept('a', 10)]));
      service.leases.end(first);
      await assert.rejects(service.leases.take(wrong, lease('wrong', [kept('a', 10)], ['wrong'])), /it is wrong/);
      assert.deepEqual(names(service).at(-1), 'a');
      // It has no value for something that it names: nothing can be served as it declares it.
      await service.leases.take(lacking, lease('lacking', [{ ...kept('a', 10), problem: 'no key' }]));
      service.leases.end(lacking);
      pass(9);
      assert.equal(service.isUnused, false);
      pass(1);
      assert.equal(service.isUnused, true);
    });

    it('do not keep the keys and pages of a client that is gone', async () => {
      clock();
      const service = new Service();
      const lessee = service.lessee();
      const before = lease('x', [kept('a', 10)], ['http://page']);
      const keys = [{ name: 'k', key: 'secret', models: ['a'] }];
      await service.leases.take(lessee, { ...before, gateway: { ...before.gateway, keys, memory: { memoryBytes: 7 } } });
      service.leases.end(lessee);
      assert.deepEqual(service.declared.at(-1)?.gateway, { port: 0, allowedOrigins: [], memory: { memoryBytes: 7 } });
    });
  });
});
