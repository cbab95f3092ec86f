/** Who the models of the model service live for. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
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
});
