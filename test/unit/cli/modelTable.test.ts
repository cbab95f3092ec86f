import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelTable } from '../../../src/cli/modelTable.ts';
import { aModel } from '../../support/snapshots.ts';

describe('the table of models', () => {
  const addressOf = (url: string | undefined): string | undefined =>
    modelTable([{ model: aModel(), gateway: url === undefined ? null : { url, token: 'secret' } }])
      .at(-1)
      ?.split(/ {2,}/)
      .at(-1);

  it('has the address that clients want, and never the key', () => {
    assert.equal(addressOf('http://127.0.0.1:4000'), 'http://127.0.0.1:4000/v1');
  });

  it('names the server elsewhere, and has a column for budgets where there is one', () => {
    const budget = { per: 'month', tokens: 5000, usedRequests: 3, usedTokens: 700, renewsAt: 0 } as const;
    const remote = aModel({ name: 'gpt', runtime: 'remote', remoteHost: 'api.example.com', budget });
    const [header = '', first = '', second = ''] = modelTable([remote, aModel()].map((model) => ({ model, gateway: null })));
    assert.match(header, / BUDGET$/);
    assert.match(first, /^gpt +remote api\.example\.com +ready +- .* 700\/5000 tokens a month$/);
    assert.match(second, / -$/);
    assert.doesNotMatch(modelTable([{ model: aModel(), gateway: null }])[0] ?? '', /BUDGET/);
  });

  it('has the memory of a server, and says what a model waits for', () => {
    const memory = { memoryBytes: 3 * 2 ** 30, gpuMemoryBytes: 0, source: 'estimated' } as const;
    const reason = "waits for 3.0 GB of memory: 'coder' is answering";
    const lines = modelTable([{ model: aModel({ name: 'small', state: 'waiting', reason, memory }), gateway: null }]);
    assert.match(lines[1] ?? '', /about 3\.0 GB/);
    assert.equal(lines[2], `small ${reason}`);
  });

  it('says why a model has failed', () => {
    const reason = 'api.example.com refuses the key (401)';
    const models = [aModel({ name: 'gpt', state: 'failed', reason }), aModel({ name: 'small', reason: '' })];
    assert.deepEqual(modelTable(models.map((model) => ({ model, gateway: null }))).slice(3), [`gpt: ${reason}`]);
  });

  it('has a dash for the address where no gateway is open, without a path behind it', () => {
    assert.equal(addressOf(undefined), '-');
  });
});
