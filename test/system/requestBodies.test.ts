/** What requests and answers say is kept by the gateway where that is switched on, bounded and without keys. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { maxKeptLength } from '../../src/protocol/requestBodies.ts';
import { TestModels } from '../support/models.ts';
import { eventually } from '../support/run.ts';

describe('what models are asked, and answer', () => {
  let models: TestModels;
  before(async () => {
    models = await TestModels.start({ name: 'coder' });
  });
  after(() => models[Symbol.asyncDispose]());

  /** The last request, when it has ended: the client may have its answer a moment before. */
  const last = () =>
    eventually('it has ended', async () => {
      const page = await models.warden.client.modelActivity({});
      const request = page?.requests.at(-1);
      if (!page || request?.state !== 'ended') return undefined;
      return { request, page, of: { gateway: page.gateway, id: request.id } };
    });

  it('is not kept at first', async () => {
    await models.chat('coder', 'say 2');
    const { request, page, of } = await last();
    assert.deepEqual([request.hasBodies, page.keepsBodies, await models.warden.client.requestBodies(of)], [undefined, undefined, null]);
    // It was the first one, so its server had to be loaded for it.
    const [server] = (await models.model('coder')).instances;
    assert.equal(request.server, server?.tree);
    assert.ok((request.loadMillis ?? 0) > 0 && (request.loadMillis ?? 0) <= (request.queueMillis ?? 0));
  });

  it('is kept from when that is switched on, without keys', async () => {
    await models.warden.client.keepBodies(true);
    await models.chat('coder', 'say 2', { metadata: { api_key: 'hush' } });
    const { request, page, of } = await last();
    assert.deepEqual([request.hasBodies, page.keepsBodies, request.loadMillis], [true, true, undefined]);
    const bodies = await models.warden.client.requestBodies(of);
    assert.match(bodies?.request.text ?? '', /^\{"model":"coder",.*"content":"say 2".*"api_key":"\*\*\*"/);
    assert.match(bodies?.answer?.text ?? '', /coder-0 coder-1/);
    assert.equal(await models.warden.client.requestBodies({ ...of, gateway: 'another' }), null);
  });

  it('is kept as its beginning of a request of 48 MB, which is answered as any other', async () => {
    const { status } = await models.chat('coder', 'say 1', { padding: 'x '.repeat(24 * 2 ** 20) });
    assert.equal(status, 200);
    const { of } = await last();
    const { request } = (await models.warden.client.requestBodies(of)) ?? {};
    assert.deepEqual([request?.text.length, request?.isCut], [maxKeptLength, true]);
    assert.ok((request?.bytes ?? 0) > 48 * 2 ** 20);
  });

  it('is gone when that is switched off', async () => {
    const { of } = await last();
    await models.warden.client.keepBodies(false);
    const { request, page } = await last();
    assert.deepEqual([request.hasBodies, page.keepsBodies, await models.warden.client.requestBodies(of)], [undefined, undefined, null]);
  });
});
