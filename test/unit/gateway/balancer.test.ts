import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Balancer } from '../../../src/gateway/balancer.ts';
import { type Instance, newInstance } from '../../../src/gateway/instance.ts';

const never = new Promise<never>(() => undefined);
const servers = (...changes: Partial<Instance>[]): Instance[] =>
  changes.map((change, index) => ({ ...newInstance(index + 1, never), state: 'ready', ...change }));

describe('a request', () => {
  const cases: [string, Instance[], number | undefined][] = [
    ['goes to who has least to do', servers({ outstanding: 2 }, { outstanding: 1 }, { outstanding: 3 }), 2],
    ['goes to the first of those who are alike', servers({ outstanding: 1 }, {}, {}), 2],
    ['waits where all have enough to do', servers({ outstanding: 4 }, { outstanding: 4 }), undefined],
    ['waits where none is there', [], undefined],
    ['does not go to who is loading, or is to end', servers({ state: 'loading' }, { state: 'draining' }, { outstanding: 3 }), 3],
    ['does not go to who is unhealthy', servers({ isHealthy: false }, { outstanding: 3 }), 2],
    ['waits for who is healthy', servers({ isHealthy: false }, { outstanding: 4 }), undefined],
    ['goes to who has least to do where none is healthy', servers({ isHealthy: false, outstanding: 1 }, { isHealthy: false }), 2],
  ];
  for (const [what, instances, expected] of cases)
    it(what, () => assert.equal(new Balancer().pick(instances, 4, undefined)?.number, expected));
});

describe('a conversation', () => {
  it('goes where it was, while there is room, and then stays where it went', () => {
    const balancer = new Balancer();
    const instances = servers({ outstanding: 3 }, {});
    const [first] = instances;
    assert.ok(first);
    balancer.remember('cats', first);
    assert.equal(balancer.pick(instances, 4, 'cats')?.number, 1);
    assert.equal(balancer.pick(instances, 4, 'dogs')?.number, 2);
    first.outstanding = 4;
    assert.equal(balancer.pick(instances, 4, 'cats')?.number, 2);
  });

  it('is forgotten when a thousand others have come after it', () => {
    const balancer = new Balancer();
    const instances = servers({ outstanding: 1 }, {});
    const [first] = instances;
    assert.ok(first);
    for (let count = 0; count <= 1000; count++) balancer.remember(`talk ${count}`, first);
    assert.equal(balancer.pick(instances, 4, 'talk 0')?.number, 2);
    assert.equal(balancer.pick(instances, 4, 'talk 1')?.number, 1);
  });
});
