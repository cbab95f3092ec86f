import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NamedPorts } from '../../../src/loopback/namedPorts.ts';
import { MetricsPage } from '../../../src/metrics/metricsPage.ts';

describe('the page of metrics', () => {
  it('measures a few times a second, however often it is asked, and never answers with what is older than the question', async () => {
    let measured = 0;
    const page = new MetricsPage(() => Promise.resolve(`measured ${++measured}\n`));
    const port = await new NamedPorts().portFor('metrics');
    await page.listen(port);
    try {
      const begun = performance.now();
      for (let round = 0; round < 5; round++) {
        const before = measured;
        const texts = await Promise.all(
          Array.from({ length: 10 }, async () => await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
        );
        for (const text of texts) assert.ok(Number(text.split(' ')[1]) > before, text);
      }
      const most = (performance.now() - begun) / 200 + 1;
      assert.ok(measured >= 5 && measured <= most, `${measured} measurements, at most ${most}`);
    } finally {
      page.close();
    }
  });

  it('says what has failed, and is at one place only', async () => {
    const page = new MetricsPage(() => Promise.reject(new Error('the warden has ended')));
    const port = await new NamedPorts().portFor('metrics');
    await page.listen(port);
    try {
      const failed = await fetch(`http://127.0.0.1:${port}/metrics`);
      assert.deepEqual([failed.status, await failed.text()], [500, 'the warden has ended\n']);
      assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);
      assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status, 404);
    } finally {
      page.close();
    }
  });
});
