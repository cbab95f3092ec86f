/** Many requests at random over models that take turns, whose servers die at random: none is lost, none goes astray, none starves. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestModels } from '../support/models.ts';
import { randomFrom } from '../support/random.ts';
import { survivorsAfterLooking } from '../support/survivors.ts';
import { testScope } from '../support/testScope.ts';

const requests = { sample: 1000, daily: 1000, full: 10_000 }[testScope()];
const atOnce = 40;

describe(`${requests} requests`, () => {
  it('over five models in two groups, with crashes', async (test) => {
    const seed = Number(process.env['TREE_WARDEN_SEED'] ?? Math.floor(Math.random() * 1e6));
    test.diagnostic(`seed ${seed}`);
    const random = randomFrom(seed);
    let folder = '';
    const waits: number[] = [];
    const outcomes = { right: 0, told: 0 };
    {
      await using models = await TestModels.start(
        { name: 'a1', exclusive: 'a', maxQueue: 1000 },
        { name: 'a2', exclusive: 'a', maxQueue: 1000 },
        { name: 'a3', exclusive: 'a', maxQueue: 1000 },
        { name: 'b1', exclusive: 'b', maxQueue: 1000, instances: 2 },
        { name: 'b2', exclusive: 'b', maxQueue: 1000 },
      );
      folder = models.warden.run.workFolder;
      const names = ['a1', 'a2', 'a3', 'b1', 'b2'];
      let left = requests;
      const worker = async (): Promise<void> => {
        while (left-- > 0) {
          const name = names[Math.floor(random() * names.length)] ?? 'a1';
          const stream = random() < 0.5;
          const count = 1 + Math.floor(random() * 5);
          const crash = random() < 0.02 ? ` crash ${Math.floor(random() * count)}` : '';
          const began = performance.now();
          const { status, text } = await models.chat(name, `say ${count} slow ${Math.floor(random() * 4)}${crash}`, { stream });
          waits.push(performance.now() - began);
          const expected = Array.from({ length: count }, (_, index) => `${name}-${index} `).join('');
          const said = stream
            ? [...text.matchAll(/"content":"([^"]*)"/g)].map(([, token]) => token).join('')
            : (status === 200 && (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]?.message.content) || '';
          const isTold = /"error":\{"message":"[^"]+"/.test(text);
          if (status === 200 && said === expected && !isTold) outcomes.right++;
          else if (isTold && expected.startsWith(said)) outcomes.told++;
          else assert.fail(`${name} answered ${status}: ${text.slice(0, 500)}; expected was ${expected}`);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, worker));
      const counted = (await models.warden.client.models()).reduce((sum, { statistics }) => sum + statistics.requests, 0);
      assert.equal(counted, requests);
    }
    waits.sort((a, b) => a - b);
    const at = (part: number): string => ((waits[Math.floor((waits.length - 1) * part)] ?? 0) / 1000).toFixed(1);
    test.diagnostic(
      `${outcomes.right} answered, ${outcomes.told} told of an error; waited p50 ${at(0.5)} s, p99 ${at(0.99)} s, at most ${at(1)} s`,
    );
    assert.equal(outcomes.right + outcomes.told, requests);
    assert.ok(outcomes.right > requests * 0.8, JSON.stringify(outcomes));
    assert.deepEqual(await survivorsAfterLooking(folder), []);
  });
});
