import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sparkline } from '../../../src/extension/processTree/sparkline.ts';

describe('a sparkline', () => {
  const cases: [string, number[], number, string][] = [
    ['nothing', [], 10, ''],
    ['what is idle low', [0, 0.1, 0], 10, '▁▁▁'],
    ['a rise', [0, 25, 50, 75, 100], 10, '▁▃▅▇█'],
    ['what is below its full height', [0, 5, 10], 20, '▁▃▅'],
  ];
  for (const [what, values, full, expected] of cases) it(`shows ${what}`, () => assert.equal(sparkline(values, full), expected));

  it('keeps every peak, however long the history', () => {
    const values = Array.from({ length: 600 }, (_, index) => (index === 301 ? 100 : 0));
    assert.equal(sparkline(values, 10), `${'▁'.repeat(15)}█${'▁'.repeat(14)}`);
  });
});
